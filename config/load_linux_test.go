package config

import "testing"

// Files that the kernel has but does not give, and one without an end.
func TestProcLoadOddFiles(t *testing.T) {
	tests := []struct{ path, want string }{
		{"/proc/self/mem", `cannot read "/proc/self/mem": input/output error`},
		{"/dev/zero", "/dev/zero: cannot use the file: it is longer than 16 MiB\n    Is it a configuration?"},
		{"/dev/null", ""},
	}
	for _, test := range tests {
		_, err := Load(test.path, host())
		if err == nil || test.want != "" && err.Error() != test.want {
			t.Errorf("%s: got %v\nwant %s", test.path, err, test.want)
		}
	}
}
