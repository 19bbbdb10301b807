package view

import (
	"strings"
)

// Table is rows of cells that are shown in aligned columns. Cells may be coloured.
type Table struct{ rows [][]string }

// Row adds a row.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Empty says that there is no row below the header.
func (t *Table) Empty() bool { return len(t.rows) < 2 }

// String gives the text, each line with a newline. Columns in which every cell below the header is empty are left out.
func (t *Table) String() string {
	widths := t.widths()
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if widths[i] == 0 {
				continue
			}
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

func (t *Table) widths() []int {
	var widths []int
	var used []bool
	for n, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths, used = append(widths, 0), append(used, false)
			}
			widths[i] = max(widths[i], width(cell))
			used[i] = used[i] || n > 0 && cell != ""
		}
	}
	for i := range widths {
		if !used[i] && len(t.rows) > 1 {
			widths[i] = 0
		}
	}
	return widths
}
