package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/cmd/supervise/internal/view"
)

// app is one invocation: where it writes and what the flags that all verbs share say.
type app struct {
	out, err *os.File
	config   string           // --config
	control  string           // --control
	session  *session         // of a manager process
	tick     <-chan time.Time // of a test, in place of the system's
	scm      *scm             // of a service of Windows
}

// execute runs the command line and gives the exit code.
func execute(args []string, out, errs *os.File) int {
	return (&app{out: out, err: errs}).execute(args)
}

func (a *app) execute(args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	return a.explain(root.Execute())
}

func (a *app) root() *cobra.Command {
	var r runner
	root := &cobra.Command{
		Use:   "supervise --config FILE",
		Short: "Keeps services running behind listening sockets that never close",
		Long: `supervise opens listening sockets, keeps them open, and hands them to the programs that serve them.
Programs are restarted, replaced and scaled; no client is ever refused.`,
		Example: `  supervise --config app.hcl                            run what the file says, in the foreground
  supervise run --listen web=tcp://:8080 -- ./app       the same without a file
  supervise check --config app.hcl                      show what would be run
  supervise status                                      show what runs
  supervise restart app                                 replace its workers, losing no connection`,
		Args:                       noArguments,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.config == "" {
				return a.shortHelp(cmd)
			}
			return a.run(r)
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().StringVarP(&a.config, "config", "c", "", "configuration `FILE`, to run it or to find the supervise that does")
	root.PersistentFlags().StringVar(&a.control, "control", "", "control socket `ADDRESS` of the supervise, as unix:///PATH or PATH, on Windows pipe://NAME")
	_ = root.MarkPersistentFlagFilename("config", "hcl", "json")
	a.addVerbs(root, &r)
	return root
}

func (a *app) addVerbs(root *cobra.Command, r *runner) {
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "change", Title: "Change:"},
		&cobra.Group{ID: "more", Title: "More:"})
	root.SetHelpCommandGroupID("more")
	for _, g := range []struct {
		id    string
		verbs []*cobra.Command
	}{
		{"run", []*cobra.Command{a.runVerb(r), a.checkVerb()}},
		{"look", []*cobra.Command{a.statusVerb(), a.logsVerb(), a.eventsVerb(), a.doctorVerb()}},
		{"change", []*cobra.Command{a.restartVerb(), a.promoteVerb(), a.rollbackVerb(), a.reloadVerb(), a.takeVerb(), a.startVerb(), a.stopVerb(), a.scaleVerb(), a.signalVerb(), a.holdVerb(), a.releaseVerb(), a.upgradeVerb()}},
		{"more", []*cobra.Command{a.listenVerb(), a.drillVerb(), a.versionVerb(), a.presetsVerb(), a.serviceVerb(), a.completionVerb()}},
	} {
		for _, verb := range g.verbs {
			verb.GroupID = g.id
			root.AddCommand(verb)
		}
	}
}

// shortHelp is what a newcomer sees: nothing was asked for, so that it goes to standard error and is wrong usage.
func (a *app) shortHelp(cmd *cobra.Command) error {
	fmt.Fprintf(a.err, "%s.\n\n%s\n\nAll commands: supervise --help\n", cmd.Short, cmd.Example)
	return &exitError{code: codeUsage}
}

// explain prints an error as "supervise: cannot …" and gives its exit code.
func (a *app) explain(err error) int {
	if err == nil {
		return 0
	}
	code, text, hint := verdict(err)
	if text != "" {
		p := a.paint(a.err)
		fmt.Fprintf(a.err, "%s %s\n", p.Bad("supervise:"), view.Lines(text))
	}
	if hint != "" {
		fmt.Fprintln(a.err, hint)
	}
	return code
}

// noArguments knows that an argument of the bare command was meant for a verb.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("there is no command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return usage(cmd, "%s", text+meantFile(args[0]))
}

// meantFile knows a configuration that was given without its flag.
func meantFile(argument string) string {
	if strings.HasSuffix(argument, ".hcl") || strings.HasSuffix(argument, ".json") {
		return fmt.Sprintf(" (did you mean --config %s?)", argument)
	}
	return ""
}

// arguments asks for from min to max arguments, max < 0 for any number, and calls them by name.
func arguments(min, max int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < min:
			return usage(cmd, "cannot %s: %s is missing", cmd.Name(), names)
		case max >= 0 && len(args) > max:
			return usage(cmd, "cannot %s: do not know what to do with %q%s", cmd.Name(), strings.Join(args[max:], " "), meantFile(args[max]))
		}
		return nil
	}
}

// isTerminal, paint: what may be drawn on f.
func (a *app) paint(f *os.File) view.Paint { return view.NewPaint(isTerminal(f)) }

var errInterrupted = errors.New("interrupted")
