package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/supervisor"
)

// steering says where new connections of a listener with several sockets go, like "95% to 3, 5% to 4 (ebpf)"; "" where there is one.
func steering(l supervisor.ListenerStatus) string {
	if l.Steering == "" {
		return ""
	}
	shares, order := map[int]float64{}, []int{}
	for _, m := range l.Members {
		if _, known := shares[m.Generation]; !known && m.Share > 0 {
			order = append(order, m.Generation)
		}
		if m.Share > 0 {
			shares[m.Generation] += m.Share
		}
	}
	var parts []string
	for _, generation := range order {
		parts = append(parts, percent(shares[generation])+to(generation))
	}
	switch {
	case len(parts) > 0:
	case len(l.Members) == 1: // it gets all, whatever the kernel was told
		parts = []string{to(l.Members[0].Generation)}
	default:
		parts = []string{"not steered yet"}
	}
	return fmt.Sprintf("%s (%s)", strings.Join(parts, ", "), Clean(l.Steering))
}

func to(generation int) string {
	if generation == 0 {
		return "wait"
	}
	return fmt.Sprintf("to generation %d", generation)
}

// percent is "" for all of them.
func percent(share float64) string {
	if share > 0.9999 {
		return ""
	}
	return strconv.FormatFloat(100*share, 'g', 4, 64) + "% "
}

// sharing says in words which sockets a listener will have; "" for one.
func (l PlanListener) sharing() string {
	switch l.Sharing {
	case "generation":
		return "a socket for each generation; new connections go to the current one"
	case "worker":
		return "a socket for each worker; new connections go to the current generation"
	}
	return ""
}
