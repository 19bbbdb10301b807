package output

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkPipe compares Scan and ScanPipe on a real pipe whose writer never waits for anything else, and writes lines of 100 bytes:
// one at a time, or as programs with a buffer do, so that writes end within a line.
func BenchmarkPipe(b *testing.B) {
	const line = 100
	for name, write := range map[string]int{"lines": line, "blocks": 4096, "gulps": 1 << 20} {
		for reader, scan := range map[string]func(r *os.File, emit func(string)) error{
			"Scan": func(r *os.File, emit func(string)) error { return Scan(r, emit) },
			"ScanPipe": func(r *os.File, emit func(string)) error {
				rest := memory(b)
				return ScanPipe(r, rest, emit)
			},
		} {
			b.Run(name+"/"+reader, func(b *testing.B) {
				r, w := rawPipe(b)
				data := []byte(strings.Repeat(strings.Repeat("x", line-1)+"\n", 2*write/line+1))
				go func() {
					defer unix.Close(w)
					for sent := 0; sent < b.N*line; {
						from := sent % line
						n, err := unix.Write(w, data[from:from+min(write, b.N*line-sent)])
						if err != nil {
							return
						}
						sent += n
					}
				}()
				b.SetBytes(line)
				b.ReportAllocs()
				lines := 0
				if err := scan(r, func(string) { lines++ }); err != nil || lines != b.N {
					b.Fatalf("%d of %d lines, %v", lines, b.N, err)
				}
			})
		}
	}
}
