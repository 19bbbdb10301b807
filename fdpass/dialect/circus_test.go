package dialect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArguments(t *testing.T) {
	in := Input{Sockets: []Socket{tcp("web", "", 80), tcp("Admin-2", "", 81)}, Worker: 4, Environ: []string{"HOME=/old", "HOME=/h", "X=a=b"}}
	for _, c := range []struct {
		name     string
		dialects []string
		command  []string
		want     []string
		wantErr  string
	}{
		{"both forms, any case", []string{"circus"}, []string{"app", "--fd", "$(circus.sockets.web)", "((CIRCUS.Sockets.admin-2))"}, []string{"app", "--fd", "3", "4"}, ""},
		{"within an argument", []string{"circus", "systemd"}, []string{"fd://$(circus.sockets.web),fd://$(circus.sockets.admin-2)"}, []string{"fd://3,fd://4"}, ""},
		{"worker and environment", []string{"circus"}, []string{"$(circus.wid)", "$(circus.env.home)/x", "$(circus.env.X)"}, []string{"5", "/h/x", "a=b"}, ""},
		{"what it does not know", []string{"circus"}, []string{"$(circus.env.NO)", "$(circus.uid)", "$(HOME)", "$(circus.)", "((x))"},
			[]string{"$(circus.env.NO)", "$(circus.uid)", "$(HOME)", "$(circus.)", "((x))"}, ""},
		{"no such listener", []string{"circus"}, []string{"app", "--fd=$(circus.sockets.wep)"}, nil,
			`cannot replace variables in argument "--fd=$(circus.sockets.wep)": the service has no listener "wep"`},
		{"not without circus", []string{"systemd"}, []string{"$(circus.sockets.wep)"}, []string{"$(circus.sockets.wep)"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Combine(c.dialects, in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Arguments(c.dialects, in, p, c.command)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
			if (err == nil) != (c.wantErr == "") || err != nil && err.Error() != c.wantErr {
				t.Errorf("error %v, want %q", err, c.wantErr)
			}
		})
	}
}

// FuzzArguments checks that what is not a variable stays as it is.
func FuzzArguments(f *testing.F) {
	f.Add("$(circus.sockets.web)")
	f.Add("((circus.wid)) $(circus.env.HOME")
	f.Add("$((circus.sockets.web))")
	f.Fuzz(func(t *testing.T, arg string) {
		in := Input{Sockets: []Socket{tcp("web", "", 80)}}
		got, err := Arguments([]string{"circus"}, in, Plan{Numbers: []Number{{3, 0}}}, []string{arg})
		if err != nil {
			return
		}
		if len(got) != 1 || !strings.Contains(strings.ToLower(arg), "circus.") && got[0] != arg {
			t.Fatalf("%q becomes %q", arg, got)
		}
	})
}
