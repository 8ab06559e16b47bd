package monitoring

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// token is a piece of PromQL: a text, what stands in braces or brackets, a
// number with its unit, a name, or one sign.
var token = regexp.MustCompile("\"[^\"]*\"|'[^']*'|`[^`]*`" +
	`|\{(?:"[^"]*"|'[^']*'|[^}"'])*\}|\[[^\]]*\]|[0-9][0-9a-zA-Z.]*|[a-zA-Z_:][a-zA-Z0-9_:]*|\S`)

// lists are the words that a list of labels follows.
var lists = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}

// words are the other words that are neither metrics nor functions.
var words = []string{"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"}

// selectors returns every metric that an expression reads, with its matchers:
// smtpbl_events_total{kind="auth_fail"}.
func selectors(expr string) []string {
	var found []string
	tokens := token.FindAllString(expr, -1)
	next := func(i int) string {
		if i+1 < len(tokens) {
			return tokens[i+1]
		}
		return ""
	}
	for i := 0; i < len(tokens); i++ {
		word := strings.ToLower(tokens[i])
		switch {
		case slices.Contains(lists, word):
			if next(i) == "(" {
				i += slices.Index(tokens[i:], ")")
			}
		case !name.MatchString(word), slices.Contains(words, word):
		case next(i) == "(", next(i) == "by", next(i) == "without": // a function
		case strings.HasPrefix(next(i), "{"):
			found = append(found, tokens[i]+next(i))
			i++
		default:
			found = append(found, tokens[i])
		}
	}
	return found
}

var name = regexp.MustCompile(`^[a-z_:]`)

func TestSelectors(t *testing.T) {
	for expr, want := range map[string][]string{
		`up`:                    {"up"},
		`up{job="a"} == 0`:      {`up{job="a"}`},
		`absent(up{job="a}b"})`: {`up{job="a}b"}`},
		`sum by (job, instance) (rate(a_total{k="v"}[5m] offset 1d)) > 2e3`: {`a_total{k="v"}`},
		`sum(a) by (le) unless on (job) b`:                                  {"a", "b"},
		`a > on (job, instance) group_left () (0.9 * b)`:                    {"a", "b"},
		`histogram_quantile(0.5, sum by (le) (rate(h_bucket[1m])))`:         {"h_bucket"},
		`time() - min(a) > 600 + b / 1000`:                                  {"a", "b"},
		`60 * label_replace(a, "b", "$1", "c", "d")`:                        {"a"},
	} {
		if diff := cmp.Diff(want, selectors(expr)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expr, diff)
		}
	}
}
