package view

import (
	"testing"

	"github.com/seed-da40d5ac/supervise/supervisor/doctor"
)

func TestDoctor(t *testing.T) {
	list := []doctor.Finding{
		{Name: "kernel", Level: doctor.OK, Value: "linux/amd64 6.18.44"},
		{Name: "backlog", Level: doctor.Limited, Value: "net.core.somaxconn is 128", Cost: "The kernel cuts every backlog there.", Mend: "sysctl -w net.core.somaxconn=4096"},
		{Name: "seccomp notification", Level: doctor.Missing, Value: "an \x1b[31merror\nof two lines", Cost: `handoff = ["adopt"] cannot work.`,
			NeededBy: []string{`service "app" (app.hcl:7)`, `service "other" (app.hcl:17)`}},
	}
	golden(t, "doctor.txt", Doctor(list, Paint{}))
	golden(t, "doctor-colour.txt", Doctor(list, Paint{On: true}))
}
