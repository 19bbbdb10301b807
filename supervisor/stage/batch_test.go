package stage

import (
	"strings"
	"testing"
)

func TestIsBatch(t *testing.T) {
	for file, want := range map[string]bool{`C:\a\x.bat`: true, "x.CMD": true, "x.bat.exe": false, "bat": false, `C:\x.bat\y`: false} {
		if got := isBatch(file); got != want {
			t.Errorf("%s: %t", file, got)
		}
	}
}

func TestBatchLine(t *testing.T) {
	tests := []struct {
		file string
		args []string
		want string
	}{
		{`C:\app\run.bat`, nil, `/d /v:off /s /c ""C:\app\run.bat""`},
		{`C:\my app\run.cmd`, []string{"a", "b c", "", `C:\x\`, "--port=80"}, `/d /v:off /s /c ""C:\my app\run.cmd" a "b c" "" C:\x\ "--port=80""`},
		{`C:\a%b\run.bat`, nil, `cannot run "C:\\a%b\\run.bat": cmd.exe would read its name otherwise (no % ! ^ & | < > " in it)`},
		{`run.bat`, []string{"%PATH%"}, `cannot pass "%PATH%": cmd.exe, which runs .bat and .cmd files, would read it otherwise (no % ! ^ & | < > " in it; or run a program)`},
		{`run.bat`, []string{`my files\`}, `cannot pass "my files\\": cmd.exe, which runs .bat and .cmd files, would take the backslash at its end for part of what follows`},
	}
	for _, tt := range tests {
		got, err := batchLine(tt.file, tt.args)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s %q: %s, want %s", tt.file, tt.args, got, tt.want)
		}
	}
}

// Every character that means something to cmd.exe is refused or stands between quotation marks.
func FuzzBatchWord(f *testing.F) {
	for _, seed := range []string{"", "a", "a b", `"&calc.exe`, "%CMDCMDLINE:~-1%&calc", "a\nb", `x\`, `x y\`, "(a)", "a,b;c=d", "é€😀", "a^&b", "!x!"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		word, err := batchWord(arg)
		if err != nil {
			return
		}
		bare, quoted := strings.CutPrefix(word, `"`)
		if quoted {
			bare = strings.TrimSuffix(bare, `"`)
		}
		if bare != arg || strings.ContainsAny(bare, misread) || quoted && strings.HasSuffix(bare, `\`) {
			t.Errorf("%q became %q", arg, word)
		}
		if !quoted && strings.ContainsAny(bare, " \t,;=()") {
			t.Errorf("%q became several words: %q", arg, word)
		}
	})
}
