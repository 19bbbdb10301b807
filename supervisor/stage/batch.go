package stage

import "strings"

// misread are the characters that cmd.exe may take for something else, whatever stands around them: it replaces
// %NAME% also between quotation marks, and a file that strips the marks (%~1) runs what stands behind & | < > ^. No way
// to write them holds in all files, so they are refused.
const misread = "\"%!^&|<>\r\n"

// isBatch tells a file that CreateProcess leaves to cmd.exe.
func isBatch(file string) bool {
	file = strings.ToLower(file)
	return strings.HasSuffix(file, ".bat") || strings.HasSuffix(file, ".cmd")
}

// batchLine is the command line of a cmd.exe that runs file with args, after its own name. /d: without the AutoRun
// commands of the registry; /v:off: "!" means nothing; /s: the outer quotation marks, and only those, are stripped.
func batchLine(file string, args []string) (string, error) {
	words := []string{`"` + file + `"`}
	if strings.ContainsAny(file, misread) {
		return "", &Failure{Op: "run", Object: file, Cause: `cmd.exe would read its name otherwise (no % ! ^ & | < > " in it)`}
	}
	for _, arg := range args {
		word, err := batchWord(arg)
		if err != nil {
			return "", err
		}
		words = append(words, word)
	}
	return `/d /v:off /s /c "` + strings.Join(words, " ") + `"`, nil
}

// batchWord is one argument. What ends in a backslash gets no quotation marks: the program that a file gives it
// to would take the backslash and the mark for one character.
func batchWord(arg string) (string, error) {
	refused := &Failure{Op: "pass", Object: arg}
	switch {
	case strings.ContainsAny(arg, misread):
		refused.Cause = `cmd.exe, which runs .bat and .cmd files, would read it otherwise (no % ! ^ & | < > " in it; or run a program)`
		return "", refused
	case arg != "" && !strings.ContainsAny(arg, " \t,;=()'`~[]{}@+#$*?"):
		return arg, nil
	case strings.HasSuffix(arg, `\`):
		refused.Cause = `cmd.exe, which runs .bat and .cmd files, would take the backslash at its end for part of what follows`
		return "", refused
	}
	return `"` + arg + `"`, nil
}
