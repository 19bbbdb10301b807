//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// patience is how long a start, a stop or an answer may take before it is given up.
const patience = time.Minute

// site is a supervise that runs one server in a folder of its own.
type site struct {
	port   int
	cmd    *exec.Cmd
	client *control.Client
	log    *record
	ended  chan struct{} // closed when it is gone; state is set then
	state  error
}

// record collects output; it may be read meanwhile.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// open copies a server's folder to dir and runs it there, on a free port. It returns when the server is ready. Close the site.
func (t tools) open(ctx context.Context, s server, dir string) (*site, error) {
	port, err := t.ports.free()
	if err != nil {
		return nil, err
	}
	if err := copyFolder(dir, t.folderOf(s), strconv.Itoa(s.port), strconv.Itoa(port)); err != nil {
		return nil, err
	}
	if s.install == "" {
		if err := os.Symlink(t.bin, filepath.Join(dir, "bin")); err != nil {
			return nil, err
		}
	}
	return launch(ctx, t.supervise, dir, port)
}

// folderOf is where the server's files are.
func (t tools) folderOf(s server) string {
	if s.install == "" {
		return filepath.Join(t.folder, "gosrv", s.name)
	}
	return filepath.Join(t.folder, s.name)
}

// launch returns when supervise says READY=1 to its service manager, which we are: then its services are ready.
func launch(ctx context.Context, supervise, dir string, port int) (*site, error) {
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify.sock")})
	if err != nil {
		return nil, err
	}
	defer notify.Close()
	socket := filepath.Join(dir, "control.sock")
	s := &site{port: port, client: control.NewClient(socket), log: &record{}, ended: make(chan struct{})}
	s.cmd = exec.Command(supervise, "--config", "app.hcl", "--control", socket)
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify.LocalAddr().String())
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.state = s.cmd.Wait()
		close(s.ended)
		notify.Close()
	}()
	if err := awaitReady(ctx, notify); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start: %w; supervise said\n%s", err, s.log), s.Close())
	}
	return s, nil
}

func awaitReady(ctx context.Context, notify *net.UnixConn) error {
	defer context.AfterFunc(ctx, func() { notify.Close() })()
	if err := notify.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	buf := make([]byte, 4096)
	for {
		n, err := notify.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return errors.New("it ended before it was ready")
		}
		if err != nil || strings.Contains(string(buf[:n]), "READY=1") {
			return err
		}
	}
}

// Close ends supervise and the server gracefully, and says so if that was not possible.
func (s *site) Close() error {
	s.client.Close()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.ended
		return errors.New("supervise did not stop")
	}
	if s.state != nil {
		return fmt.Errorf("supervise ended with %w", s.state)
	}
	return nil
}

// copyFolder writes the files of a folder into another, with one word replaced.
func copyFolder(to, from, word, by string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, []byte(strings.ReplaceAll(string(text), word, by)), 0o644)
	})
}
