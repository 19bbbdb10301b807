//go:build !race

package chaos

const raceEnabled = false

// thinner is by how much less is done unless a flag says otherwise.
const thinner = 1
