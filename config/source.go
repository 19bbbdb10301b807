package config

// Source is where a configuration came from: enough to make the same one again in another process, which is how it is kept
// while a program that holds it is replaced. Late expressions have no other form than their text.
type Source struct {
	// Path is the file as given to Load, and Text what was in it. Relative paths in it start at the folder of Path.
	Path string `json:"path,omitempty"`
	Text []byte `json:"text,omitempty"`
	// Command is there in place of a file after ForCommand.
	Command *CommandLine `json:"command,omitempty"`
	// CPUs is Host.CPUs of then: ${cpus} means the same again.
	CPUs int `json:"cpus"`
	// System is Config.System; "" is this one.
	System string `json:"system,omitempty"`
}

// Parse makes the configuration again. It reads no file. Environ is in the form of os.Environ.
func (s *Source) Parse(environ []string) (*Config, error) {
	host := Host{System: s.System, Environ: environ, CPUs: s.CPUs}
	if s.Command != nil {
		return ForCommand(*s.Command, host)
	}
	return Parse(s.Path, s.Text, host)
}

// stamp lets everything that was read know its source.
func (c *Config) stamp(s *Source) {
	c.Source = s
	for _, l := range c.Listeners {
		l.Source = s
	}
	for _, v := range c.Services {
		v.Source = s
	}
}
