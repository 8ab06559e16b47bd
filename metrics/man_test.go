package metrics

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// manual is smtpbl(8), whose section METRICS people read to know what there is.
const manual = "../cmd/smtpbl/internal/man/smtpbl.8"

var seriesHead = regexp.MustCompile(`(?m)^\.It Li (smtpbl_\S+) No (counter|gauge|histogram)(?: Brq (.+))?$`)

// TestManualHasEverySeries wants exactly the series that there are in the
// manual, with their types and labels.
func TestManualHasEverySeries(t *testing.T) {
	page, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, head := range seriesHead.FindAllStringSubmatch(string(page), -1) {
		labels := strings.Split(strings.ReplaceAll(head[3], " ", ""), ",")
		got[head[1]] = series(head[2], labels)
	}
	families, err := full().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "go_") || strings.HasPrefix(f.GetName(), "process_") {
			continue // the page speaks of them as a whole
		}
		labels := []string{""}
		if pairs := f.GetMetric()[0].GetLabel(); len(pairs) > 0 {
			labels = labels[:0]
			for _, pair := range pairs {
				labels = append(labels, pair.GetName())
			}
		}
		want[f.GetName()] = series(strings.ToLower(f.GetType().String()), labels)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-program +page):\n%s", diff)
	}
}

func series(kind string, labels []string) string {
	slices.Sort(labels)
	return kind + "{" + strings.Join(labels, ",") + "}"
}
