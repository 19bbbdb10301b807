// Package nomad_test reads the jobs of this folder with HashiCorp's own reader, and checks what must fit together.
package nomad_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsimple"
	"github.com/zclconf/go-cty/cty"

	"github.com/seed-da40d5ac/supervise/config"
)

// file is what matters here of a job specification. A block or attribute that is spelled wrong is either not found or in a rest
// that is read as what it must be.
type file struct {
	Job struct {
		Name  string `hcl:"name,label"`
		Group struct {
			Name          string   `hcl:"name,label"`
			Count         int      `hcl:"count,optional"`
			ShutdownDelay string   `hcl:"shutdown_delay"`
			Network       network  `hcl:"network,block"`
			Service       hcl.Body `hcl:",remain"`
			Task          task     `hcl:"task,block"`
		} `hcl:"group,block"`
	} `hcl:"job,block"`
}

type network struct {
	Port struct {
		Name string `hcl:"name,label"`
		To   int    `hcl:"to,optional"`
	} `hcl:"port,block"`
}

type task struct {
	Name     string `hcl:"name,label"`
	Driver   string `hcl:"driver"`
	Template *struct {
		Destination  string `hcl:"destination"`
		ChangeMode   string `hcl:"change_mode"`
		ChangeSignal string `hcl:"change_signal"`
		Data         string `hcl:"data"`
	} `hcl:"template,block"`
	Config      driver   `hcl:"config,block"`
	Resources   hcl.Body `hcl:",remain"`
	KillSignal  string   `hcl:"kill_signal"`
	KillTimeout string   `hcl:"kill_timeout"`
}

type driver struct {
	Command string   `hcl:"command,optional"`
	Args    []string `hcl:"args,optional"`
	Image   string   `hcl:"image,optional"`
	Ports   []string `hcl:"ports,optional"`
	Init    bool     `hcl:"init,optional"`
}

func read(t *testing.T, name string) file {
	t.Helper()
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{"NOMAD_TASK_DIR": cty.StringVal("/local")}}
	var f file
	if err := hclsimple.DecodeFile(name, scope, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestJobs(t *testing.T) {
	for name, configuration := range map[string]func(*testing.T, task) *config.Config{
		"raw_exec.nomad.hcl": rendered, "docker.nomad.hcl": inImage,
	} {
		t.Run(name, func(t *testing.T) {
			job := read(t, name).Job
			c := configuration(t, job.Group.Task)
			limit, err := time.ParseDuration(job.Group.Task.KillTimeout)
			if longest := c.Services[0].Stop.Timeout; err != nil || limit <= longest {
				t.Errorf("kill_timeout %s (%v) is not longer than stop.timeout %v", limit, err, longest)
			}
			if job.Group.Task.KillSignal != "SIGTERM" {
				t.Errorf("kill_signal %s does not stop supervise gracefully", job.Group.Task.KillSignal)
			}
			if to := job.Group.Network.Port.To; to != 0 && to != int(c.Listeners[0].Address.Port) {
				t.Errorf("port %d, the listener has %s", to, c.Listeners[0].Address)
			}
		})
	}
}

// rendered is the template of a task with what Nomad puts into it.
func rendered(t *testing.T, task task) *config.Config {
	t.Helper()
	values := map[string]string{"NOMAD_PORT_web": "23456", "NOMAD_SHORT_ALLOC_ID": "0b5e1c3a"}
	text := regexp.MustCompile(`\{\{ env "(\w+)" \}\}`).ReplaceAllStringFunc(task.Template.Data, func(call string) string {
		name := call[len(`{{ env "`) : len(call)-len(`" }}`)]
		if values[name] == "" {
			t.Errorf("the template wants %s", name)
		}
		return values[name]
	})
	if task.Template.ChangeSignal != "SIGHUP" || filepath.Join("/", task.Template.Destination) != task.Config.Args[1] {
		t.Errorf("signal %s when %s changes; supervise reads %s", task.Template.ChangeSignal, task.Template.Destination, task.Config.Args[1])
	}
	path := filepath.Join(t.TempDir(), "app.hcl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return load(t, path)
}

// inImage is the configuration of ../container.
func inImage(t *testing.T, _ task) *config.Config { return load(t, "../container/app.hcl") }

func load(t *testing.T, path string) *config.Config {
	t.Helper()
	c, err := config.Load(path, config.Host{CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
