package man_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// entry is what smtpbl.toml(5) says of a key.
type entry struct{ table, key, value, text string }

var (
	tableHead = regexp.MustCompile(`^\.Ss Table ([a-z]+):`)
	keyHead   = regexp.MustCompile(`^\.It Cm ([a-z0-9_]+) No = (.+)$`)
)

// described reads the keys of the page.
func described(t *testing.T) []entry {
	t.Helper()
	var entries []entry
	table, inside := "", false
	for line := range strings.Lines(read(t, configuration)) {
		line = strings.TrimSuffix(line, "\n")
		if head := tableHead.FindStringSubmatch(line); head != nil {
			table = head[1]
		}
		if head := keyHead.FindStringSubmatch(line); head != nil {
			entries, inside = append(entries, entry{table: table, key: head[1], value: head[2]}), true
			continue
		}
		switch {
		case strings.HasPrefix(line, ".It "), strings.HasPrefix(line, ".El"):
			inside = false
		case inside:
			entries[len(entries)-1].text += line + "\n"
		}
	}
	return entries
}

// TestEveryKeyIsDescribed wants exactly the keys that there are, in their tables
// and with their defaults.
func TestEveryKeyIsDescribed(t *testing.T) {
	var want, got []string
	table := ""
	for line := range strings.Lines(string(config.Default().TOML())) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			table = strings.TrimSuffix(name, "]")
		}
		if key, value, ok := strings.Cut(line, " = "); ok {
			want = append(want, fmt.Sprintf("[%s] %s = %s", table, key, macro(value)))
		}
	}
	for _, e := range described(t) {
		got = append(got, fmt.Sprintf("[%s] %s = %s", e.table, e.key, e.value))
		if !strings.Contains(e.text, ".") {
			t.Errorf("%s is not explained", e.key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys and defaults (-program +page):\n%s", diff)
	}
}

// macro writes a value as the page does: Dq puts the quotes, and its argument
// needs quotes of its own where it has spaces.
func macro(value string) string {
	text := strings.Trim(value, `"`)
	switch {
	case text == value:
		return value
	case text == "":
		return `Dq \&`
	case strings.Contains(text, " "):
		return "Dq " + value
	}
	return "Dq " + text
}

var (
	numberRange = regexp.MustCompile(`^Number from (\d+) to (\d+)\.`)
	timeRange   = regexp.MustCompile(`^Time from (\S+) to (\S+)\.`)
	choices     = regexp.MustCompile(`^One of ([^.]+)\.`)
)

// TestRangesAreTrue tries the ends of each range that the page tells, and what
// lies just outside; and each choice, with one that there is not.
func TestRangesAreTrue(t *testing.T) {
	tried := 0
	for _, e := range described(t) {
		good, bad := e.samples(t)
		if good == nil && strings.Contains(strings.SplitN(e.text, "\n", 2)[0], " from ") && !strings.HasPrefix(e.text, "List of ") {
			t.Errorf("the range of %s cannot be read: %s", e.key, e.text)
		}
		for _, value := range good {
			if problem := e.refused(value); problem != "" {
				t.Errorf("%s = %s is refused: %s", e.key, value, problem)
			}
		}
		for _, value := range bad {
			if e.refused(value) == "" {
				t.Errorf("%s = %s is taken, but the page says otherwise", e.key, value)
			}
		}
		tried += len(good) + len(bad)
	}
	if tried == 0 {
		t.Error("no range was tried")
	}
}

// samples are values that the page allows, and some that it does not.
func (e *entry) samples(t *testing.T) (good, bad []string) {
	t.Helper()
	if ends := numberRange.FindStringSubmatch(e.text); ends != nil {
		low, errLow := strconv.Atoi(ends[1])
		high, errHigh := strconv.Atoi(ends[2])
		if errLow != nil || errHigh != nil {
			t.Fatalf("%s: %v, %v", e.key, errLow, errHigh)
		}
		return ends[1:], []string{strconv.Itoa(low - 1), strconv.Itoa(high + 1)}
	}
	if ends := timeRange.FindStringSubmatch(e.text); ends != nil {
		low, errLow := time.ParseDuration(ends[1])
		high, errHigh := time.ParseDuration(ends[2])
		if errLow != nil || errHigh != nil {
			t.Fatalf("%s: %v, %v", e.key, errLow, errHigh)
		}
		good, bad = []string{quote(ends[1]), quote(ends[2])}, []string{quote((high + time.Second).String())}
		if low > 0 {
			bad = append(bad, quote((low - time.Second).String()))
		}
		return good, bad
	}
	if all := choices.FindStringSubmatch(e.text); all != nil {
		for value := range strings.SplitSeq(all[1], ", ") {
			good = append(good, quote(value))
		}
		return good, []string{quote("something else")}
	}
	if strings.HasPrefix(e.text, "Switch.") {
		return []string{"true", "false"}, []string{"1"}
	}
	return nil, nil
}

// refused tells what is wrong with a value by itself. How it goes together with
// the defaults of other keys does not matter: that is told at the key, too, so
// the others are set out of the way.
func (e *entry) refused(value string) string {
	file := e.key + " = " + value + "\n"
	if e.table != "" {
		file = "[" + e.table + "]\n" + file
	}
	switch e.key {
	case "ban_time":
		file += `ban_time_max = "87600h"` + "\n"
	case "ban_time_max":
		file += `ban_time = "1s"` + "\n"
	case "all_ports4", "all_ports6":
		file += "threshold4 = 1\nthreshold6 = 1\n"
	}
	if _, err := config.Parse(configuration, []byte(file)); err != nil {
		return err.Error()
	}
	return ""
}

func quote(text string) string { return `"` + text + `"` }

// TestExamplesAreTaken wants each example of the page to be a configuration.
func TestExamplesAreTaken(t *testing.T) {
	blocks := strings.Split(read(t, configuration), ".Bd -literal -offset indent\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("the page has no examples")
	}
	for _, block := range blocks {
		text, _, _ := strings.Cut(block, ".Ed\n")
		text = strings.NewReplacer(`\(aq`, "'", `\(ha`, "^").Replace(text)
		cfg, err := config.Parse(configuration, []byte(text))
		if err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		if slices.Equal(cfg.TOML(), config.Default().TOML()) {
			t.Errorf("the example changes nothing:\n%s", text)
		}
	}
}

func read(t *testing.T, page string) string {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
