package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
)

// Presets shows what each program needs, one line each.
func Presets(list []config.Preset, p Paint) string {
	var t Table
	t.Row(p.Faint("PRESET"), p.Faint("HANDOFF"), p.Faint("READY"), p.Faint("STOP"), p.Faint("EXAMPLE OF A COMMAND"))
	for _, preset := range list {
		t.Row(p.Bold(preset.Name), strings.Join(preset.Handoff, "+"), preset.Ready, preset.Signal, Command(preset.Command))
	}
	return t.String() + "\n" + p.Faint("supervise presets NAME shows what the program needs besides, what goes wrong, and an example.") + "\n"
}

// Preset shows all that is known of one program.
func Preset(preset config.Preset, p Paint) string {
	var b strings.Builder
	fmt.Fprintf(&b, "preset %s  %s\n", p.Bold(preset.Name), preset.About)
	var t Table
	t.Row("", "", "")
	for _, row := range [][2]string{
		{"handoff", strings.Join(preset.Handoff, ", ")}, {"listen_pid", preset.ListenPID}, {"ready", readiness(preset)},
		{"stop", preset.Signal}, {"rollout", cmp.Or(preset.Strategy, "overlap")}, {"pid file", preset.PIDFile},
	} {
		if row[1] != "" {
			t.Row(" ", p.Faint(row[0]), row[1])
		}
	}
	b.WriteString(strings.TrimPrefix(t.String(), "\n"))
	b.WriteString("\nIt needs\n")
	for _, need := range preset.Needs {
		b.WriteString("  * " + need + "\n")
	}
	if len(preset.Traps) > 0 {
		b.WriteString("\nSupervise warns when\n")
	}
	for _, trap := range preset.Traps {
		fmt.Fprintf(&b, "  * %s:\n    %s. %s\n", trap.When(), p.Warn(trap.Text), trap.Advice)
	}
	b.WriteString("\nExample\n\n" + preset.Example())
	return b.String()
}

func readiness(preset config.Preset) string {
	text := preset.Ready
	if preset.Pattern != "" {
		text += fmt.Sprintf(", pattern %q", preset.Pattern)
	}
	if preset.Settle != "" {
		text += ", alive for " + preset.Settle
	}
	if preset.Timeout != "" {
		text += ", timeout " + preset.Timeout
	}
	return text
}
