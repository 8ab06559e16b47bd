package compare

import (
	"slices"
	"strconv"
	"strings"
)

// plotRows is how high the plot of one policy is.
const plotRows = 3

// ramps are the characters of a column's top, from nothing to full.
var (
	blocks = []rune(" ▁▂▃▄▅▆▇█") // U+2581 to U+2588, eighths
	ascii  = []rune(" .:#")
)

// plotMargin is what stands left of the columns.
const plotMargin = len("old ")

// plot draws how many bans each policy begins at which time of the day, both to
// the same scale: 48 columns, or 24 where the terminal has no room for them.
func plot(day Pair[[]int], columns int, unicode bool) string {
	first, second := day.Old, day.New
	step, each := 2, "half hour" // columns of an hour
	if columns < plotMargin+len(first)+1 {
		first, second, step, each = hours(first), hours(second), 1, "hour"
	}
	ramp := ascii
	if unicode {
		ramp = blocks
	}
	most := max(slices.Max(first), slices.Max(second))
	var b strings.Builder
	b.WriteString("bans that begin in each " + each + " of the day, at most " + strconv.Itoa(most) + "\n")
	for _, p := range []struct {
		name string
		n    []int
	}{{"old", first}, {"new", second}} {
		for i, line := range bars(p.n, most, ramp) {
			name := strings.Repeat(" ", plotMargin)
			if i == plotRows-1 {
				name = p.name + " "
			}
			b.WriteString(strings.TrimRight(name+line, " ") + "\n")
		}
	}
	b.WriteString(strings.Repeat(" ", plotMargin) + scale(len(first), step) + "\n")
	return b.String()
}

// hours adds pairs of half hours.
func hours(half []int) []int {
	out := make([]int, len(half)/2)
	for i := range out {
		out[i] = half[2*i] + half[2*i+1]
	}
	return out
}

// bars draws columns of plotRows characters, from the top. What is not nothing
// can be seen.
func bars(n []int, most int, ramp []rune) []string {
	parts := len(ramp) - 1
	rows := make([][]rune, plotRows)
	for y := range rows {
		rows[y] = make([]rune, len(n))
	}
	for x, v := range n {
		level := 0
		if v > 0 {
			level = max(1, (v*plotRows*parts+most/2)/most)
		}
		for y := range rows {
			below := (plotRows - 1 - y) * parts
			rows[y][x] = ramp[min(max(level-below, 0), parts)]
		}
	}
	out := make([]string, plotRows)
	for y := range rows {
		out[y] = string(rows[y])
	}
	return out
}

// scale writes every third hour below its column.
func scale(columns, perHour int) string {
	b := []byte(strings.Repeat(" ", columns))
	for h := 0; h < 24; h += 3 {
		copy(b[h*perHour:], strconv.Itoa(100 + h)[1:])
	}
	return strings.TrimRight(string(b), " ")
}
