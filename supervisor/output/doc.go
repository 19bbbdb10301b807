// Package output carries the lines that workers print: split (Scan, ScanPipe), kept for later (Log), shown (Printer) or filed (File).
//
//	worker's pipe ──ScanPipe──▶ Line ──┬─▶ Log      the last lines of a service, for rollback messages and `supervise logs`
//	                                   ├─▶ Printer  "app.2 | text" on supervise's own stdout
//	                                   └─▶ File     output = "file://PATH"
//
// # What outlives a reader that is killed
//
// Everything: the pipe, the memory file that the incomplete line rests in (ScanPipe), and that with the lines of the
// Log (Log.Keep). A next process that was handed all three goes on with the same line. It may emit the lines
// of the last read again; it never misses one.
//
// # What a bad reader of supervise's stdout does to workers
//
// A slow one slows the workers down, as in a shell pipe: Print returns when its line is written, meanwhile the pipe of that
// worker fills. One that takes nothing for five seconds (Ctrl-S on the terminal, a stuck log collector) no longer
// holds anybody up: lines are dropped until it goes on, and then the number of dropped lines is printed. A
// reader that is gone (EPIPE) is given up. In all three cases the workers' pipes go on being read and Log has the lines.
//
// The Go runtime kills a program that gets EPIPE on descriptor 1 or 2, unless it has asked for SIGPIPE with signal.Notify: the
// main program has to do that (signal.Ignore would be inherited by the workers).
//
// # What a worker can do to a terminal
//
// Nothing but colour its own line. On a terminal the Printer shows every control character other than tab and ESC-colour
// (SGR) in caret form, as cat -v does, and resets colours at the end of the line. In pipes and files text
// passes through untouched: programs read there.
package output
