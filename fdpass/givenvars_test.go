package fdpass

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestGivenForSomebodyElse(t *testing.T) {
	for _, env := range [][]string{
		{"LISTEN_PID=1", "LISTEN_FDS=3", "LISTEN_PIDFDID=7"}, {"LISTEN_FDS=3"}, {"LISTEN_PID=", "LISTEN_FDS=x"}, {"LISTEN_FDNAMES=a"}, {},
	} {
		list, rest, err := Given(append(env, "LISTEN=1", "A=b=c"), os.Getpid())
		if list != nil || err != nil || !slices.Equal(rest, []string{"LISTEN=1", "A=b=c"}) {
			t.Errorf("%q: got %v %q %v", env, list, rest, err)
		}
	}
}

func FuzzGiven(f *testing.F) {
	f.Add("2", "web:admin", "7")
	f.Add("1", "", "7")
	f.Add("00", ":", "x")
	f.Add("65536", "a", "-7")
	f.Fuzz(func(t *testing.T, count, names, pid string) {
		got, err := givenNames(map[string]string{"LISTEN_FDS": count, "LISTEN_FDNAMES": names, "LISTEN_PID": pid}, 7)
		if err != nil && got != nil {
			t.Error("names beside an error")
		}
		if err == nil && got != nil && (strconv.Itoa(len(got)) != count || strings.Join(got, ":") != names || pid != "7") {
			t.Errorf("%q %q %q gave %q", count, names, pid, got)
		}
		for _, name := range got {
			if checkName(name) != nil || strings.Contains(name, ":") {
				t.Errorf("name %q", name)
			}
		}
	})
}
