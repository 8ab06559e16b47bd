package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// form is how the cells of a table are written.
type form string

// The forms.
const (
	formSpread form = "median / 99 %, times the first row" // what one call takes
	formMedian form = "median, times the first row"        // what takes long and runs rarely
	formMin    form = "best of several"                    // what only disturbance makes longer
	formWorst  form = "median / 99 % / longest"            // what somebody else has to wait for
)

// table is figures in rows (who or what) and columns (at which size, or of
// which kind). Rows and columns stand in the order in which they come up.
type table struct {
	Title   string   `json:"title"`
	Unit    string   `json:"unit"`
	Form    form     `json:"form"`
	Columns []string `json:"columns"`
	Rows    []*row   `json:"rows"`
	Notes   []string `json:"notes,omitempty"`
}

type row struct {
	Name  string          `json:"name"`
	Cells map[string]stat `json:"cells"`
	// Missing says why a column has no figure.
	Missing map[string]string `json:"missing,omitempty"`
	samples map[string][]float64
}

// add enters samples in a row and a column, beside those that are there.
func (t *table) add(name, column string, samples ...float64) {
	if len(samples) == 0 {
		return
	}
	r := t.at(name, column)
	r.samples[column] = append(r.samples[column], samples...)
	r.Cells[column] = summarize(r.samples[column])
}

// miss enters the reason why there is no figure.
func (t *table) miss(name, column, why string) {
	t.at(name, column).Missing[column] = why
}

// at finds or makes the row, and the column.
func (t *table) at(name, column string) *row {
	if !slices.Contains(t.Columns, column) {
		t.Columns = append(t.Columns, column)
	}
	i := slices.IndexFunc(t.Rows, func(r *row) bool { return r.Name == name })
	if i < 0 {
		i = len(t.Rows)
		t.Rows = append(t.Rows, &row{Name: name, Cells: map[string]stat{}, Missing: map[string]string{}, samples: map[string][]float64{}})
	}
	return t.Rows[i]
}

// note adds a line below the table, once.
func (t *table) note(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(t.Notes, line) {
		t.Notes = append(t.Notes, line)
	}
}

// print writes the table as aligned text, and nothing of an empty one.
func (t *table) print(w io.Writer) error {
	if len(t.Rows) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%s\n%s; %s\n\n", t.Title, t.Unit, t.Form)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "\t%s\n", strings.Join(t.Columns, "\t"))
	for _, r := range t.Rows {
		cells := make([]string, 0, 1+len(t.Columns))
		cells = append(cells, r.Name)
		for _, c := range t.Columns {
			cells = append(cells, t.cell(r, c))
		}
		fmt.Fprintln(tw, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("print a table: %w", err)
	}
	for _, line := range t.Notes {
		fmt.Fprintf(w, "* %s\n", line)
	}
	return nil
}

// cell writes one figure, the reason why there is none, or nothing.
func (t *table) cell(r *row, column string) string {
	s, ok := r.Cells[column]
	if !ok {
		return r.Missing[column]
	}
	switch t.Form {
	case formMin:
		return number(s.Min)
	case formMedian:
		return number(s.Median) + t.ratio(s, column)
	case formWorst:
		return number(s.Median) + " / " + number(s.P99) + " / " + number(s.Max)
	default:
		return number(s.Median) + " / " + number(s.P99) + t.ratio(s, column)
	}
}

// ratio compares a median with that of the first row, where it has one.
func (t *table) ratio(s stat, column string) string {
	first, ok := t.Rows[0].Cells[column]
	if !ok || first.Median <= 0 {
		return ""
	}
	return " (" + number(s.Median/first.Median) + ")"
}

// number writes three digits that count, and all of those before the point.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case a >= 9.995:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
