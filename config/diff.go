package config

import (
	"fmt"
	"slices"
	"strings"
)

// Changes is the difference between two configurations. The order of blocks, comments, line breaks and other ways to write
// the same value ("60s", "1m") are no difference.
type Changes struct {
	// Listeners, Services and Serves that were added, removed or changed: in the order of the new file, removed ones last.
	Listeners, Services, Serves []Change
	// Control and Log say whether those blocks differ.
	Control, Log bool
}

// Change is the difference of one listener, service or serve block.
type Change struct {
	Name string
	// Kind is added, removed or changed.
	Kind string
	// Attributes are those that differ, by name; none of an added or removed one.
	Attributes []AttributeChange
}

// AttributeChange is the difference of one attribute.
type AttributeChange struct {
	// Name is "backlog", or "ready.timeout" inside a block, or "environment.PORT".
	Name string
	// Old and New are as written; "" for not given. When both are written alike but mean different values
	// (an environment variable has changed), they are those values.
	Old, New string
}

// Diff says what a reload from old to new has to do.
func Diff(old, new *Config) Changes {
	return Changes{
		Listeners: diffBlocks(listenersOf(old), listenersOf(new)),
		Services:  diffBlocks(servicesOf(old), servicesOf(new)),
		Serves:    diffBlocks(servesOf(old), servesOf(new)),
		Control:   len(diffAttributes(old.written.under("control."), new.written.under("control."))) > 0,
		Log:       len(diffAttributes(old.written.under("log."), new.written.under("log."))) > 0,
	}
}

// Empty says that there is nothing to do.
func (c Changes) Empty() bool {
	return len(c.Listeners) == 0 && len(c.Services) == 0 && len(c.Serves) == 0 && !c.Control && !c.Log
}

// String is the text that is shown to people: a line for each block and attribute, with + ~ - in front. It is "" when
// there is nothing to do, and has no newline at the end.
func (c Changes) String() string {
	var lines []string
	for _, l := range c.Listeners {
		lines = append(lines, l.lines("listener")...)
	}
	for _, s := range c.Services {
		lines = append(lines, s.lines("service")...)
	}
	for _, s := range c.Serves {
		lines = append(lines, s.lines("serve")...)
	}
	if c.Control {
		lines = append(lines, "~ control")
	}
	if c.Log {
		lines = append(lines, "~ log")
	}
	return strings.Join(lines, "\n")
}

func (c Change) lines(noun string) []string {
	mark := map[string]string{"added": "+", "removed": "-"}[c.Kind]
	if mark == "" {
		mark = "~"
	}
	lines := []string{fmt.Sprintf("%s %s %q", mark, noun, c.Name)}
	for _, a := range c.Attributes {
		lines = append(lines, "  "+a.line())
	}
	return lines
}

func (a AttributeChange) line() string {
	switch {
	case a.Old == "":
		return fmt.Sprintf("+ %s = %s", a.Name, a.New)
	case a.New == "":
		return fmt.Sprintf("- %s = %s", a.Name, a.Old)
	}
	return fmt.Sprintf("~ %s = %s → %s", a.Name, a.Old, a.New)
}

// block is what Diff needs of a listener or service.
type block struct {
	name    string
	written written
}

func listenersOf(c *Config) []block {
	blocks := make([]block, 0, len(c.Listeners))
	for _, l := range c.Listeners {
		blocks = append(blocks, block{l.Name, l.written})
	}
	return blocks
}

func servicesOf(c *Config) []block {
	blocks := make([]block, 0, len(c.Services))
	for _, s := range c.Services {
		blocks = append(blocks, block{s.Name, s.written})
	}
	return blocks
}

func servesOf(c *Config) []block {
	blocks := make([]block, 0, len(c.Serves))
	for _, s := range c.Serves {
		blocks = append(blocks, block{s.Name, s.written})
	}
	return blocks
}

func diffBlocks(old, new []block) []Change {
	var changes []Change
	rest := make(map[string]written, len(old))
	for _, b := range old {
		rest[b.name] = b.written
	}
	for _, b := range new {
		before, existed := rest[b.name]
		delete(rest, b.name)
		if attributes := diffAttributes(before, b.written); !existed {
			changes = append(changes, Change{Name: b.name, Kind: "added"})
		} else if len(attributes) > 0 {
			changes = append(changes, Change{Name: b.name, Kind: "changed", Attributes: attributes})
		}
	}
	for _, b := range old {
		if _, left := rest[b.name]; left {
			changes = append(changes, Change{Name: b.name, Kind: "removed"})
		}
	}
	return changes
}

func diffAttributes(old, new written) []AttributeChange {
	var changes []AttributeChange
	for _, name := range unionKeys(old, new) {
		a, b := old[name], new[name]
		if a.normal == b.normal {
			continue
		}
		change := AttributeChange{Name: name, Old: a.text, New: b.text}
		if a.text == b.text {
			change.Old, change.New = a.normal, b.normal
		}
		changes = append(changes, change)
	}
	return changes
}

func unionKeys(a, b written) []string {
	keys := slices.Concat(sortedKeys(a), sortedKeys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// under gives the attributes of one block.
func (w written) under(prefix string) written {
	part := written{}
	for name, f := range w {
		if strings.HasPrefix(name, prefix) {
			part[name] = f
		}
	}
	return part
}
