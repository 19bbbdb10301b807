package supervisor

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed-da40d5ac/supervise/config"
)

// library keeps the texts of the configurations that are in use, under names made from their content. A generation runs
// with the configuration of its time, which the file may not hold any more. It is its own monitor.
type library struct {
	// fixed when the manager has it
	vault   vault
	environ []string // in which texts are parsed

	mu     sync.Mutex
	names  map[*config.Source]string
	texts  map[string][]byte // of an earlier manager, not parsed yet
	parsed map[string]*config.Config
	kept   map[string]bool // in the vault
	lost   error           // why the last text that was asked for is not; nil: it is
}

// configPrefix begins the names of configurations in the vault.
const configPrefix = "config/"

func newLibrary(v vault, environ []string) *library {
	return &library{vault: v, environ: environ, names: map[*config.Source]string{}, texts: map[string][]byte{}, parsed: map[string]*config.Config{}, kept: map[string]bool{}}
}

// name gives the name of a source, whose text is in the vault from then on. Where that fails, missing says so, and it is tried again at
// the next call.
func (l *library) name(s *config.Source) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	name, known := l.names[s]
	if known && l.kept[name] {
		return name
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "" // a struct of strings and numbers can always be encoded
	}
	sum := sha256.Sum256(text)
	name = configPrefix + hex.EncodeToString(sum[:12])
	l.names[s] = name
	if !l.kept[name] {
		err := l.vault.Save(name, text)
		l.kept[name] = err == nil
		l.lost = cmp.Or(l.lost, err)
	}
	return name
}

// missing is why a text is not in the vault that was named since the last call: a state that names it would be of no use.
func (l *library) missing() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.lost
	l.lost = nil
	return err
}

// load takes the texts that an earlier manager has kept.
func (l *library) load(texts map[string][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, text := range texts {
		if strings.HasPrefix(name, configPrefix) {
			l.texts[name], l.kept[name] = text, true
		}
	}
}

// config makes a configuration of a text that load has taken.
func (l *library) config(name string) (*config.Config, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.parsed[name]; c != nil {
		return c, nil
	}
	text, there := l.texts[name]
	if !there {
		return nil, fmt.Errorf("its configuration %q is missing", name)
	}
	var s config.Source
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("its configuration %q cannot be read: %w", name, err)
	}
	c, err := s.Parse(l.environ)
	if err != nil {
		return nil, fmt.Errorf("the configuration that runs is not valid for this version of supervise:\n%w", err)
	}
	l.parsed[name], l.names[c.Source] = c, name
	return c, nil
}

// service gives a service of a configuration that load has read.
func (l *library) service(source, name string) (*config.Service, *config.Config, error) {
	c, err := l.config(source)
	if err != nil {
		return nil, nil, err
	}
	cfg := c.Service(name)
	if cfg == nil {
		return nil, nil, fmt.Errorf("the configuration %q has no service %q", source, name)
	}
	return cfg, c, nil
}

// retain drops all texts but those in use.
func (l *library) retain(used []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.parsed)
	clear(l.texts)
	for s, name := range l.names {
		if !slices.Contains(used, name) {
			delete(l.names, s)
		}
	}
	for name := range l.kept {
		if !slices.Contains(used, name) && l.vault.Drop(name) == nil {
			delete(l.kept, name)
		}
	}
}
