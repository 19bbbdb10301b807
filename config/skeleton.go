package config

import "errors"

var errNotYet = errors.New("internal error: not built yet")

type (
	late    struct{}
	written struct{}
	place   struct{}
)

// CommandLine is the flags of `supervise run` without a file.
type CommandLine struct {
	Listen           []string
	Backlog, Workers int
	Command          []string
	Directory        string
}

// Error is every problem of a configuration at once.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }

// Load reads and checks a file.
func Load(path string, host Host) (*Config, error) { return nil, errNotYet }

// Parse checks the text of a file.
func Parse(filename string, src []byte, host Host) (*Config, error) { return nil, errNotYet }

// ForCommand is the configuration of a command line.
func ForCommand(c CommandLine, host Host) (*Config, error) { return nil, errNotYet }

// ParseAddress reads the URL form of an address.
func ParseAddress(s string) (Address, error) { return Address{}, errNotYet }

// Address is where a listener listens.
type Address struct {
	Network string
	Host    string
	Port    uint32
	Path    string
}

// String gives the URL form back.
func (a Address) String() string { return a.Network }

// Resolve evaluates the late expressions.
func (s *Service) Resolve(scope Scope) (Resolved, error) { return Resolved{}, errNotYet }

// Diff says what a reload has to do.
func Diff(old, new *Config) Changes { return Changes{} }

// Changes is the difference of two configurations.
type Changes struct {
	Listeners, Services []Change
	Control, Log        bool
}

// Change is one difference.
type Change struct {
	Name, Kind string
	Attributes []AttributeChange
}

// AttributeChange is one attribute.
type AttributeChange struct{ Name, Old, New string }

// Empty says that nothing differs.
func (c Changes) Empty() bool { return true }

// String is the text shown to people.
func (c Changes) String() string { return "" }

// ReadEnvironmentFiles reads KEY=VALUE files.
func ReadEnvironmentFiles(paths []string) (map[string]string, error) { return nil, errNotYet }

// SignalNumber is the Linux number of a signal name.
func SignalNumber(name string) (int, bool) { return 0, false }

// ParseSignal normalises the name or number of a signal.
func ParseSignal(s string) (string, error) { return "", errNotYet }
