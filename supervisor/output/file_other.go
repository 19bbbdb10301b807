//go:build !unix

package output

const openFlags = 0
