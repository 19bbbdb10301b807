package supervisor

import (
	"fmt"
	"os"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

// outputs gives the worker its standard output and error: one pipe for both, so that their lines keep their order, or
// supervise's own.
func (c *child) outputs(k *kit) error {
	if c.last != nil {
		return c.overhear(k)
	}
	if c.spec.service.Output.Kind == "inherit" {
		return c.inheritOutput(k)
	}
	w, err := c.pipe()
	if err != nil {
		return err
	}
	k.mine = append(k.mine, w)
	k.spawn.Files = append(k.spawn.Files, keeper.File{Number: 1, Descriptor: w}, keeper.File{Number: 2, Descriptor: w})
	return nil
}

func (c *child) inheritOutput(k *kit) error {
	for number, f := range map[int]*os.File{1: os.Stdout, 2: os.Stderr} {
		d, err := fdpass.FromFile(f)
		if err != nil {
			return fmt.Errorf("cannot hand on %s: %w", f.Name(), err)
		}
		k.mine = append(k.mine, d)
		k.spawn.Files = append(k.spawn.Files, keeper.File{Number: number, Descriptor: d})
	}
	return nil
}

// pipe makes the pipe that the worker prints into, and reads it to its end.
func (c *child) pipe() (*fdpass.Descriptor, error) {
	sink, done, err := c.sink()
	if err != nil {
		return nil, err
	}
	r, w, err := fdpass.Pipe()
	if err != nil {
		done()
		return nil, fmt.Errorf("cannot make output pipe: %w", err)
	}
	rest, err := c.keepOutput(r)
	if err != nil {
		done()
		r.Close()
		w.Close()
		return nil, err
	}
	c.read(r, rest, sink, done)
	return w, nil
}

// keepOutput has the keeper hold the pipe, and the file in which the beginning of a line waits for its end: without a reader
// the worker would die of SIGPIPE, and what it has printed would be lost.
func (c *child) keepOutput(r *os.File) (rest *os.File, err error) {
	if !outlived {
		return nil, nil
	}
	if err := c.hold(outputPart, r); err != nil {
		return nil, err
	}
	rest, err = fdpass.NewMemory(c.spec.id)
	if err != nil {
		return nil, fmt.Errorf("cannot make a file for the worker's last line: %w", err)
	}
	if err := c.hold(restPart, rest); err != nil {
		rest.Close()
		return nil, err
	}
	return rest, nil
}

// read reads the lines of a process until their end. It owns both files; done is called after the last one.
func (c *child) read(r, rest *os.File, sink func(output.Line), done func()) {
	c.printed = make(chan struct{})
	go func() {
		defer close(c.printed)
		defer done()
		defer r.Close()
		defer rest.Close() // of none it is an error that nobody needs
		_ = output.ScanPipe(r, rest, func(text string) { c.print(text, sink) })
	}()
}

// sink is where lines go beside the service's log. Done is called after the last one.
func (c *child) sink() (sink func(output.Line), done func(), err error) {
	nothing := func() {}
	switch c.spec.service.Output.Kind {
	case "file":
		path := c.spec.service.Output.Path
		f, err := c.host.files.get(path)
		if err != nil {
			return nil, nil, err
		}
		return func(line output.Line) { c.append(f, line.Text) }, func() { c.host.files.put(path) }, nil
	case "prefix":
		if c.host.printer != nil {
			return c.host.printer.Print, nothing, nil
		}
	}
	return func(output.Line) {}, nothing, nil
}

func (c *child) append(f *output.File, text string) {
	if err := f.Append(text); err != nil {
		c.host.log.Error("output not written", "service", c.spec.service.Name, "error", err)
	}
}

func (c *child) print(text string, sink func(output.Line)) {
	line := output.Line{Time: time.Now(), Service: c.spec.service.Name, Generation: c.spec.generation, Worker: c.spec.index, Text: text}
	c.spec.log.Append(line)
	sink(line)
	if match := c.matcher.Load(); match != nil {
		(*match)(text)
	}
}

// shownLines is how many of a failed worker's lines an error carries.
const shownLines = 12

// output implements process.
func (c *child) output() []string {
	var texts []string
	for _, line := range c.spec.log.LastOf(c.spec.generation, shownLines) {
		if line.Worker == c.spec.index && !line.Time.Before(c.born) {
			texts = append(texts, line.Text)
		}
	}
	return texts
}
