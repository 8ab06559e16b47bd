package ingest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// framed is what comes out of a stream that arrives in pieces of n bytes.
func framed(stream string, n int, clean bool) (messages []string, whole bool, err error) {
	var f frames
	keep := func(m []byte) { messages = append(messages, string(m)) }
	for len(stream) > 0 && err == nil {
		piece := stream[:min(n, len(stream))]
		stream = stream[len(piece):]
		err = f.feed([]byte(piece), keep)
	}
	return messages, err == nil && f.end(clean, keep), err
}

func TestFrames(t *testing.T) {
	long := "<22>" + strings.Repeat("x", maxSyslog)
	tests := []struct {
		name, stream string
		want         []string
		torn         bool
		err          error
	}{
		{"lines", "<22>a\n<22>b\n", []string{"<22>a", "<22>b"}, false, nil},
		{"last line without its end", "<22>a\n<22>b", []string{"<22>a", "<22>b"}, false, nil},
		{"empty lines", "<22>a\n\n\n<22>b\n", []string{"<22>a", "<22>b"}, false, nil},
		{"a length inside a stream of lines", "<22>a\n9 <22>evil\n", []string{"<22>a", "9 <22>evil"}, false, nil},
		{"lengths", "5 <22>a7 <22>b\nc", []string{"<22>a", "<22>b\nc"}, false, nil},
		{"torn message", "5 <22>a7 <22>b", []string{"<22>a"}, true, nil},
		{"torn length", "5 <22>a7", []string{"<22>a"}, true, nil},
		{"long message", fmt.Sprintf("%d %s5 <22>a", len(long), long), []string{long[:maxSyslog], "<22>a"}, false, nil},
		{"long line", long + "\n<22>a\n", []string{long[:maxSyslog], "<22>a"}, false, nil},
		{"neither", "GET / HTTP/1.0\r\n", nil, false, errFraming},
		{"huge length", "9999999 <22>a", nil, false, errLength},
		{"length with a zero before it", "5 <22>a05 <22>a", []string{"<22>a"}, false, errLength},
		{"length of nothing", "5 <22>a 5", []string{"<22>a"}, false, errLength},
		{"no length where one must be", "5 <22>a<22>b\n", []string{"<22>a"}, false, errLength},
		{"nothing", "", nil, false, nil},
	}
	for _, test := range tests {
		for _, n := range []int{1, 2, 3, 7, 1 << 20} {
			t.Run(fmt.Sprintf("%s by %d", test.name, n), func(t *testing.T) {
				got, whole, err := framed(test.stream, n, true)
				if !errors.Is(err, test.err) || err == nil && whole == test.torn {
					t.Fatalf("whole: %v, error: %v", whole, err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("messages (-want +got):\n%.300s", diff)
				}
			})
		}
	}
}

// A sender that was cut off leaves half a line, which is no message.
func TestFramesBrokenConnection(t *testing.T) {
	got, whole, err := framed("<22>a\n<22>b", 100, false)
	if err != nil || whole || len(got) != 1 {
		t.Errorf("got %q, whole: %v, error: %v", got, whole, err)
	}
}

func TestFramesCountOnceWhatIsLong(t *testing.T) {
	var f frames
	stream := fmt.Sprintf("%d %s", 3*maxSyslog, strings.Repeat("x", 3*maxSyslog))
	for i := 0; i < len(stream); i += 1000 {
		must(t, f.feed([]byte(stream[i:min(i+1000, len(stream))]), func([]byte) {}))
	}
	if f.long() != 1 {
		t.Errorf("counted %d, want 1", f.long())
	}
}

// The pieces in which a stream arrives change nothing.
func FuzzFrames(f *testing.F) {
	f.Add("<22>a\n<22>b\n", 3)
	f.Add("5 <22>a7 <22>b\nc", 2)
	f.Fuzz(func(t *testing.T, stream string, n int) {
		if n < 1 {
			t.Skip()
		}
		want, whole, err := framed(stream, len(stream)+1, true)
		got, whole2, err2 := framed(stream, n, true)
		if diff := cmp.Diff(want, got); diff != "" || whole != whole2 || !errors.Is(err2, err) {
			t.Errorf("by %d: %v and %v instead of %v and %v\n%s", n, whole2, err2, whole, err, diff)
		}
	})
}
