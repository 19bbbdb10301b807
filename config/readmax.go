package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

const (
	// minMemory is what no program can do without, in bytes.
	minMemory = 1 << 20
	// minCPUs is the least that the kernel takes, cpu.max in its cgroup-v2.rst; maxCPUs is more than there are.
	minCPUs, maxCPUs = 0.01, 8192
	// maxPIDs is the kernel's own limit (PID_MAX_LIMIT).
	maxPIDs = 1 << 22
)

// asMemory reads a size.
func asMemory(v cty.Value) (uint64, *refusal) {
	n, r := parseSize(v)
	if r == nil && n < minMemory {
		r = &refusal{cause: fmt.Sprintf("%d bytes is less than any program needs", n), advice: `Write at least "1MiB".`}
	}
	return n, r
}

const cpuAdvice = `Write a share of one CPU like "50%", or a number of CPUs like "1.5".`

// asCPUs reads "50%" of one CPU, or a number of CPUs.
func asCPUs(v cty.Value) (float64, *refusal) {
	s, r := asText(v)
	if r != nil {
		return 0, r
	}
	number, percent := strings.CutSuffix(s, "%")
	if strings.Trim(number, "0123456789.") != "" {
		return 0, &refusal{cause: fmt.Sprintf("%q is no number of CPUs", shorten(s)), advice: cpuAdvice}
	}
	n, err := strconv.ParseFloat(number, 64)
	if percent {
		n /= 100
	}
	switch {
	case err != nil:
		return 0, &refusal{cause: fmt.Sprintf("%q is no number of CPUs", shorten(s)), advice: cpuAdvice}
	case n < minCPUs || n > maxCPUs:
		return 0, &refusal{cause: fmt.Sprintf("%q is out of range", s), advice: fmt.Sprintf(`It can be "1%%" to "%d".`, maxCPUs)}
	}
	return n, nil
}
