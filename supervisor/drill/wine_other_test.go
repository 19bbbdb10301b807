//go:build !windows

package drill

import "testing"

func underWine(*testing.T, string) {}
