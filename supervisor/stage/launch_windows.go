package stage

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// Launch is what CreateProcess is called with for a plan.
type Launch struct {
	File        string   // the program that is run, an absolute path
	CommandLine string   // as the program takes it apart again
	Directory   string   // an absolute path
	Env         []uint16 // as CreateProcess takes it: see its lpEnvironment
	Priority    uint32   // class of priority, a flag of CreateProcess; 0: that of supervise

	named string // the command as it is called in failures
}

// Launch finds out how the plan is carried out on Windows. There is no stage process here: nothing has to be done in
// the worker before its program runs. An error is a [*Failure].
func (p Plan) Launch() (*Launch, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if err := p.checkSystem(); err != nil {
		return nil, err
	}
	dir, err := p.enter()
	if err != nil {
		return nil, err
	}
	env := ordered(p.environment(process{parent: os.Getpid()}), os.Getenv(systemRoot))
	file, err := search{directory: dir, env: env}.find(p.Command[0])
	if err != nil {
		return nil, err
	}
	l := &Launch{File: file, Directory: dir, CommandLine: windows.ComposeCommandLine(p.Command), Priority: priorityClass(p.Nice), named: p.Command[0]}
	if l.Env, err = block(env); err != nil {
		return nil, err
	}
	if isBatch(file) {
		return l, l.throughShell(p.Command[1:], env)
	}
	return l, nil
}

// checkSystem refuses what Windows has no notion of.
func (p Plan) checkSystem() error {
	for _, no := range [...]struct {
		asked bool
		op    string
	}{
		{p.UID != nil, "become user"},
		{p.GID != nil || len(p.Groups) > 0, "become group"},
		{p.Umask != nil, "set the umask"},
		{len(p.Limits) > 0, "set resource limits"},
		{p.OOMScoreAdjust != nil, "set oom_score_adjust"},
		{p.NoNewPrivileges, "set no_new_privileges"},
		{p.Adopt != nil, "answer bind and listen"},
		{p.Parent != nil, "put a parent before the command"},
		{len(p.OwnPID) > 0, "tell the worker its own pid"},
	} {
		if no.asked {
			return &Failure{Op: no.op, Cause: "not supported on windows"}
		}
	}
	return nil
}

// enter gives the directory as CreateProcess takes it: an absolute path, without a slash.
func (p Plan) enter() (string, error) {
	dir, err := filepath.Abs(p.Directory) // "": where supervise is
	if err != nil {
		return "", &Failure{Op: "enter directory", Object: p.Directory, Cause: err.Error()}
	}
	info, err := os.Stat(dir)
	switch {
	case os.IsNotExist(err):
		return "", &Failure{Op: "enter directory", Object: p.Directory, Cause: "no such directory"}
	case os.IsPermission(err):
		return "", &Failure{Op: "enter directory", Object: p.Directory, Cause: "access denied"}
	case err != nil:
		return "", &Failure{Op: "enter directory", Object: p.Directory, Cause: err.Error()}
	case !info.IsDir():
		return "", &Failure{Op: "enter directory", Object: p.Directory, Cause: "it is not a directory"}
	}
	return dir, nil
}

// throughShell has cmd.exe run the file: CreateProcess runs none itself.
func (l *Launch) throughShell(args, env []string) error {
	line, err := batchLine(l.File, args)
	if err != nil {
		return err
	}
	root, _ := value(env, systemRoot)
	l.File = filepath.Join(root, "System32", "cmd.exe")
	l.CommandLine = windows.EscapeArg(l.File) + " " + line
	return nil
}

// priorityClass is the class of priority nearest to nice. Real time, the highest, would starve the system itself.
func priorityClass(nice *int) uint32 {
	switch {
	case nice == nil:
		return 0
	case *nice < -10:
		return windows.HIGH_PRIORITY_CLASS
	case *nice < 0:
		return windows.ABOVE_NORMAL_PRIORITY_CLASS
	case *nice == 0:
		return windows.NORMAL_PRIORITY_CLASS
	case *nice <= 10:
		return windows.BELOW_NORMAL_PRIORITY_CLASS
	}
	return windows.IDLE_PRIORITY_CLASS
}

// block is the environment as CreateProcess takes it: each entry ends with a zero, and one more ends all.
func block(env []string) ([]uint16, error) {
	var b []uint16
	for _, entry := range env {
		u, err := windows.UTF16FromString(entry)
		if err != nil {
			return nil, &Failure{Op: "pass", Object: entry, Cause: "it contains a zero byte"}
		}
		b = append(b, u...)
	}
	return append(b, 0), nil
}

// Explain is why CreateProcess failed with err.
func (l *Launch) Explain(err error) *Failure {
	return &Failure{Op: "run", Object: l.named, Cause: l.cause(err)}
}

func (l *Launch) cause(err error) string {
	errno, _ := err.(windows.Errno)
	switch errno {
	case windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND:
		return "no such file"
	case windows.ERROR_ACCESS_DENIED:
		return l.explainDenied()
	case windows.ERROR_BAD_EXE_FORMAT, windows.ERROR_EXE_MACHINE_TYPE_MISMATCH, windows.ERROR_NOT_SUPPORTED:
		return explainImage(l.File)
	case windows.ERROR_DIRECTORY:
		return "the directory " + l.Directory + " cannot be entered"
	case windows.ERROR_FILENAME_EXCED_RANGE:
		return "its arguments are too large (CreateProcess takes 32767 characters)"
	case windows.ERROR_ELEVATION_REQUIRED:
		return "its manifest demands an elevated user (run supervise as one)"
	case windows.ERROR_SHARING_VIOLATION:
		return "someone has it open for writing (deploy under a new name, or by renaming the old file away first)"
	case windows.ERROR_VIRUS_INFECTED, windows.ERROR_VIRUS_DELETED:
		return "the virus scanner does not let it run"
	case windows.ERROR_ACCESS_DISABLED_BY_POLICY:
		return "a policy of this machine does not let it run (AppLocker, software restriction)"
	}
	return strings.TrimSuffix(err.Error(), ".")
}

func (l *Launch) explainDenied() string {
	if info, err := os.Stat(l.File); err == nil && info.IsDir() {
		return "it is a directory"
	}
	return "access denied"
}
