package supervisor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/dialect"
	"github.com/seed-da40d5ac/supervise/supervisor/channel"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// openChannels makes what the worker is given beside sockets and output, and to say that it is ready.
func (c *child) openChannels(k *kit) error {
	for i, ch := range c.layout.channels {
		ours, theirs, err := channel.Open(ch)
		if err != nil {
			return err
		}
		c.ours = append(c.ours, ours)
		k.mine = append(k.mine, theirs)
		c.tellHandle(k, i, theirs)
		k.spawn.Files = append(k.spawn.Files, keeper.File{Number: ch.FD, Descriptor: theirs})
		if ours == nil {
			continue
		}
		if err := c.hold(channelPart+strconv.Itoa(i), ours); err != nil {
			return err
		}
	}
	return nil
}

// tellHandle says by which handle the worker tells that it is ready, on systems with handles.
func (c *child) tellHandle(k *kit, i int, theirs *fdpass.Descriptor) {
	h := theirs.Handle()
	if h == 0 || !c.layout.own || i != len(c.layout.channels)-1 {
		return
	}
	plan := &k.spawn.Plan
	plan.Env = slices.DeleteFunc(plan.Env, func(e string) bool { return strings.HasPrefix(e, readyHandle+"=") })
	plan.Env = append(plan.Env, readyHandle+"="+strconv.FormatUint(uint64(h), 10))
}

// takeChannels takes over what openChannels of an earlier manager has made.
func (c *child) takeChannels() {
	for i := range c.layout.channels {
		ours := c.left.take(channelPart + strconv.Itoa(i))
		if ours == nil && c.layout.own && i == len(c.layout.channels)-1 {
			ours = c.left.take(readyPart)
		}
		c.ours = append(c.ours, ours)
	}
}

// hearChannels begins to listen to all channels: for what makes the worker ready, and so that none of them fills up.
func (c *child) hearChannels() {
	for i, ours := range c.ours {
		if ours == nil {
			continue
		}
		var ready func()
		if !c.spec.ready && c.layout.counts(c.spec, i) {
			ready = func() { c.tellAndWait(happening{kind: foundReady}) }
		}
		c.heard.Go(func() {
			if err := channel.Listen(ours, c.layout.channels[i], ready); err != nil {
				c.host.log.Debug("channel not heard to its end", "service", c.spec.service.Name, "pid", c.process.PID, "error", err)
			}
		})
	}
}

// finishChannels has what is in the channels taken in: the worker is gone.
func (c *child) finishChannels() {
	for _, ours := range c.ours {
		if ours != nil {
			channel.Finish(ours)
		}
	}
}

func (c *child) closeChannels() {
	for _, ours := range c.ours {
		ours.Close() // of none it is an error that nobody needs
	}
	c.ours = nil
}

// giveStored gives the worker what workers before it have stored.
func (c *child) giveStored(k *kit) {
	for i, fd := range c.layout.handoff.StoredFDs {
		k.spawn.Files = append(k.spawn.Files, keeper.File{Number: fd, Descriptor: c.spec.stored[i]})
	}
}

// whatIs is how a plan names the ith channel.
func (l layout) whatIs(i int) string {
	if l.channels[i].Said == nil {
		return "description of the listeners"
	}
	if kind := l.channels[i].Kind; kind != dialect.PipeOut {
		return fmt.Sprintf("readiness socket (%s)", kind)
	}
	return "readiness pipe"
}
