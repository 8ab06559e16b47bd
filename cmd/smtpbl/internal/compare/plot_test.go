package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func day(set map[int]int) []int {
	out := make([]int, halfHours)
	for i, n := range set {
		out[i] = n
	}
	return out
}

func TestPlot(t *testing.T) {
	p := Pair[[]int]{Old: day(map[int]int{0: 24, 1: 1, 2: 8, 47: 12}), New: day(map[int]int{20: 3, 21: 20})}
	for _, test := range []struct {
		name    string
		columns int
		unicode bool
		want    string
	}{
		{"wide, UTF-8", 80, true, `bans that begin in each half hour of the day, at most 24
    █
    █                                              ▄
old █▁█                                            █
                         ▄
                         █
new                     ▃█
    00    03    06    09    12    15    18    21
`},
		{"wide, ASCII", 80, false, `bans that begin in each half hour of the day, at most 24
    #
    #                                              :
old #.#                                            #
                         :
                         #
new                     .#
    00    03    06    09    12    15    18    21
`},
		{"narrow", 40, true, `bans that begin in each hour of the day, at most 25
    █
    █                      ▄
old ██                     █
              ▆
              █
new           █
    00 03 06 09 12 15 18 21
`},
	} {
		if diff := cmp.Diff(test.want, plot(p, test.columns, test.unicode)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
