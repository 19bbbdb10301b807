// Package kubernetes_test reads the manifest of this folder as Kubernetes would, and checks what must fit together.
package kubernetes_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
)

// object is what matters here of all kinds.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Spec     struct {
		Template struct{ Spec pod }
	}
}

type pod struct {
	TerminationGracePeriodSeconds int
	Containers                    []container
	Volumes                       []struct {
		Name      string
		ConfigMap struct{ Name string }
	}
}

type container struct {
	Ports []struct {
		Name          string
		ContainerPort int
	}
	Lifecycle struct {
		PreStop struct{ Sleep struct{ Seconds int } }
	}
	ReadinessProbe struct {
		HTTPGet struct{ Path, Port string }
	}
	LivenessProbe struct {
		Exec struct{ Command []string }
	}
	VolumeMounts []struct{ Name, MountPath string }
}

// read gives the objects of the file. A second reader of YAML beside Kubernetes' own keeps out what only looks right.
func read(t *testing.T, name string) map[string]object {
	t.Helper()
	const program = "import sys, json, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout)"
	if err := exec.Command("python3", "-c", "import yaml").Run(); err != nil {
		if os.Getenv("SUPERVISE_REQUIRE_ALL") == "1" {
			t.Fatal("python3 with its yaml module is needed (apt-get install python3-yaml)")
		}
		t.Skip("python3 with its yaml module is needed (apt-get install python3-yaml)")
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.CommandContext(t.Context(), "python3", "-c", program)
	cmd.Stdin, cmd.Stderr = file, os.Stderr
	text, err := cmd.Output()
	var list []object
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]object{}
	for _, o := range list {
		objects[o.Kind] = o
	}
	return objects
}

func TestManifest(t *testing.T) {
	objects := read(t, "hello.yaml")
	settings := load(t, objects["ConfigMap"].Data["app.hcl"])
	p := objects["Deployment"].Spec.Template.Spec
	c := p.Containers[0]
	for _, s := range settings.Services {
		least := time.Duration(c.Lifecycle.PreStop.Sleep.Seconds)*time.Second + s.Stop.Timeout
		if grace := time.Duration(p.TerminationGracePeriodSeconds) * time.Second; grace <= least {
			t.Errorf("after %v everything is killed; preStop and stop.timeout of %s take up to %v", grace, s.Name, least)
		}
	}
	if c.Ports[0].ContainerPort != int(settings.Listeners[0].Address.Port) {
		t.Errorf("containerPort %d, the listener has %s", c.Ports[0].ContainerPort, settings.Listeners[0].Address)
	}
	if c.ReadinessProbe.HTTPGet.Port != c.Ports[0].Name {
		t.Errorf("readinessProbe asks port %q", c.ReadinessProbe.HTTPGet.Port)
	}
	if !slices.Equal(c.LivenessProbe.Exec.Command, []string{"/bin/supervise", "status"}) {
		t.Errorf("livenessProbe runs %q", c.LivenessProbe.Exec.Command)
	}
	checkVolumes(t, p, objects["ConfigMap"].Metadata.Name)
}

// checkVolumes looks for the two folders that the image of ../container does not have, or not to write into.
func checkVolumes(t *testing.T, p pod, configMap string) {
	t.Helper()
	places := map[string]string{}
	for _, m := range p.Containers[0].VolumeMounts {
		places[m.MountPath] = m.Name
	}
	for _, v := range p.Volumes {
		if v.ConfigMap.Name != "" && (places["/etc/supervise"] != v.Name || v.ConfigMap.Name != configMap) {
			t.Errorf("/etc/supervise is %q, the configuration is in ConfigMap %q of volume %q", places["/etc/supervise"], v.ConfigMap.Name, v.Name)
		}
	}
	if places["/run"] == "" {
		t.Error("nothing is mounted at /run, and the root is read-only")
	}
}

// load reads a configuration as supervise does.
func load(t *testing.T, text string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.hcl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, config.Host{CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
