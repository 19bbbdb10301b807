//go:build race

package chaos

const raceEnabled = true

// thinner is by how much less is done unless a flag says otherwise: everything takes a multiple of the time.
const thinner = 3
