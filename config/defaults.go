package config

import "time"

// The defaults of the language stand here and nowhere else.

func defaultListener(name string) *Listener {
	return &Listener{Name: name, Sharing: "all"}
}

func defaultService(name, system string) *Service {
	return &Service{
		Name:               name,
		Handoff:            defaultHandoff(system),
		ListenPID:          "own",
		Workers:            1,
		InheritEnvironment: true,
		Output:             Output{Kind: "prefix"},
		Ready:              Ready{When: "auto", Timeout: 30 * time.Second, Settle: time.Second, Interval: 500 * time.Millisecond},
		Stop:               Stop{Signal: "SIGTERM", Timeout: 30 * time.Second},
		Restart:            Restart{When: "always", Backoff: 100 * time.Millisecond, BackoffMax: 30 * time.Second, Window: 60 * time.Second},
		Rollout:            Rollout{Strategy: "overlap", MaxSurge: 1},
		Health:             Health{Interval: 10 * time.Second, Timeout: 5 * time.Second, Failures: 3},
	}
}

// defaultHandoff is everything that gets on with each other.
func defaultHandoff(system string) []string {
	if system == "windows" {
		return []string{"handles", "systemfd"}
	}
	return []string{"systemd", "einhorn", "server-starter"}
}

func defaultLog() Log { return Log{Level: "info", Format: "text"} }
