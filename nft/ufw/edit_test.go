package ufw

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testSpec is the harness of the default configuration.
func testSpec() Spec {
	return Spec{Ports: []uint16{25, 465, 587}, Mark: Mark{Value: 0x5b100000, Mask: 0xfff00000}}
}

// fixture reads a rules file of testdata.
func fixture(t testing.TB, f family) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + f.file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// installed is a fixture with the harness in it.
func installed(t testing.TB, f family, s Spec) string {
	t.Helper()
	text, err := f.with([]byte(fixture(t, f)), s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBlockStandsBeforeItsComment shows the block where it belongs: behind
// loopback, ahead of the comment that belongs to the rule that follows.
func TestBlockStandsBeforeItsComment(t *testing.T) {
	want := `-A ufw-before-output -o lo -j ACCEPT

# smtpbl harness: begin ("smtpbl harness remove" takes these lines out)
:ufw-smtp-blacklist - [0:0]
-A ufw-before-input -p tcp -m multiport --dports 25,465,587 -j ufw-smtp-blacklist
-A ufw-smtp-blacklist -j MARK --set-xmark 0x5b100000/0xfff00000
# smtpbl harness: end
# what belongs to a known connection
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`
	if got := installed(t, families[0], testSpec()); !strings.Contains(got, want) {
		t.Errorf("the file with the harness:\n%s\nlacks:\n%s", got, want)
	}
}

// TestRoundTrip puts the block in and out of files as administrators have them.
func TestRoundTrip(t *testing.T) {
	edits := map[string]func(string) string{
		"as it comes":            func(s string) string { return s },
		"other state match":      func(s string) string { return strings.ReplaceAll(s, "conntrack --ctstate", "state --state") },
		"counters before rules":  func(s string) string { return strings.ReplaceAll(s, "\n-A", "\n[12:3400] -A") },
		"no comments":            stripComments,
		"more tables before":     func(s string) string { return "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n" + s },
		"no line end at the end": func(s string) string { return strings.TrimSuffix(s, "\n") },
		"a quoted comment": func(s string) string {
			return strings.Replace(s, "-i lo -j", `-i lo -m comment --comment "not -j \"DROP\"" -j`, 1)
		},
		"bytes that are no UTF-8": func(s string) string { return "# \xff\xfe\n" + s },
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			for _, f := range families {
				before := edit(fixture(t, f))
				with, err := f.with([]byte(before), testSpec())
				if err != nil {
					t.Fatal(err)
				}
				again, err := f.with(with, testSpec())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(with), string(again)); diff != "" {
					t.Errorf("%s: a second installation changes (-first +second):\n%s", f.file, diff)
				}
				without, err := f.without(again)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, string(without)); diff != "" {
					t.Errorf("%s: not as before (-before +after):\n%s", f.file, diff)
				}
			}
		})
	}
}

func stripComments(s string) string {
	var kept strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "#") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// TestUpdate changes ports and mark: only lines of the block change.
func TestUpdate(t *testing.T) {
	many := make([]uint16, 0, 31)
	for port := range uint16(31) {
		many = append(many, 2500+port)
	}
	for name, s := range map[string]Spec{
		"one port":      {Ports: []uint16{25}, Mark: testSpec().Mark},
		"another mark":  {Ports: testSpec().Ports, Mark: Mark{Value: 0x40, Mask: 0xc0}},
		"three rules":   {Ports: many, Mark: testSpec().Mark},
		"ports twice":   {Ports: []uint16{587, 25, 25, 465}, Mark: testSpec().Mark},
		"the whole one": {Ports: []uint16{65535, 1}, Mark: Mark{Value: 1, Mask: 0xffffffff}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range families {
				got, err := f.with([]byte(installed(t, f, testSpec())), s)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(installed(t, f, s), string(got)); diff != "" {
					t.Errorf("%s: not what an installation makes (-want +got):\n%s", f.file, diff)
				}
			}
		})
	}
	rules := families[0].jumps(Spec{Ports: many})
	if len(rules) != 3 {
		t.Errorf("31 ports make %d rules, want 3 of at most %d ports", len(rules), maxPorts)
	}
}

// TestKeepsOtherEdits has the administrator edit around the block, and even
// move it.
func TestKeepsOtherEdits(t *testing.T) {
	f := families[0]
	edit := func(s string) string {
		s = strings.Replace(s, "# smtpbl harness: end\n", "# smtpbl harness: end\n# mine\n-A ufw-before-input -s 192.0.2.1 -j ACCEPT\n", 1)
		return strings.Replace(s, ":ufw-not-local - [0:0]\n", ":ufw-not-local - [0:0]\n:mine - [0:0]\n", 1)
	}
	text := edit(installed(t, f, testSpec()))
	without, err := f.without([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(text, f.block(testSpec()), "", 1); string(without) != want {
		t.Errorf("not the file without the block:\n%s", cmp.Diff(want, string(without)))
	}
	block := f.block(testSpec())
	moved := strings.Replace(strings.Replace(text, block, "", 1), "COMMIT\n", block+"COMMIT\n", 1)
	back, err := f.with([]byte(moved), testSpec())
	if err != nil {
		t.Fatal(err)
	}
	if l, err := f.scan(back); err != nil || !l.inPlace() {
		t.Errorf("a block that was moved behind ESTABLISHED is not moved back (%v):\n%s", err, back)
	}
}

// TestRefusals edits files in ways that leave no safe place for the block.
func TestRefusals(t *testing.T) {
	f := families[0]
	block := f.block(testSpec())
	established := "-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	tests := map[string]struct {
		edit func(string) string
		want string
	}{
		"empty":             {func(string) string { return "" }, "the file is empty"},
		"only white space":  {func(string) string { return "\n \n" }, "the file is empty"},
		"a NUL byte":        {func(s string) string { return s + "\x00" }, "NUL byte"},
		"far too large":     {func(s string) string { return s + strings.Repeat("#\n", maxFileBytes/2) }, "larger than 4 MiB"},
		"CR LF":             {func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }, "line 1: the line ends with CR LF"},
		"no filter":         {func(s string) string { return strings.Replace(s, "*filter", "*mangle", 1) }, "no rule of ufw-before-input that accepts ESTABLISHED"},
		"no ESTABLISHED":    {func(s string) string { return strings.Replace(s, established, "", 1) }, "no rule of ufw-before-input that accepts ESTABLISHED"},
		"negated":           {func(s string) string { return strings.Replace(s, "--ctstate REL", "! --ctstate REL", 1) }, "no rule of ufw-before-input that accepts ESTABLISHED"},
		"no loopback":       {func(s string) string { return strings.Replace(s, "-A ufw-before-input -i lo -j ACCEPT\n", "", 1) }, "no rule of ufw-before-input accepts loopback"},
		"loopback behind":   {func(s string) string { return swapLines(s, "-A ufw-before-input -i lo -j ACCEPT\n", established) }, "no rule of ufw-before-input accepts loopback"},
		"quote without end": {func(s string) string { return strings.Replace(s, "COMMIT", "-A x -m comment --comment \"\nCOMMIT", 1) }, "a quoted text does not end"},
		"no end mark": {func(s string) string {
			return strings.Replace(s, established, block[:len(block)-len(endMark)-1]+established, 1)
		}, "has no line \"# smtpbl harness: end\""},
		"no begin mark":     {func(s string) string { return strings.Replace(s, established, endMark+"\n"+established, 1) }, "that has no line \"# smtpbl harness: begin\""},
		"two blocks":        {func(s string) string { return strings.Replace(s, established, block+block+established, 1) }, "a second block"},
		"block in no table": {func(s string) string { return block + s }, "outside of the table filter"},
		"edited rule": {func(s string) string {
			return strings.Replace(s, established, strings.Replace(block, "MARK", "DROP", 1)+established, 1)
		}, "edited by hand"},
		"rule in the block": {func(s string) string {
			return strings.Replace(s, established, strings.Replace(block, endMark, "-A x\n"+endMark, 1)+established, 1)
		}, "edited by hand"},
		"edited begin mark": {func(s string) string {
			return strings.Replace(s, established, strings.Replace(block, "takes", "took", 1)+established, 1)
		}, "edited by hand"},
		"older scripts": {func(s string) string {
			return strings.Replace(s, established, ":ufw-smtp-blacklist - [0:0]\n"+established, 1)
		}, "as older scripts did"},
		"older scripts' use": {func(s string) string {
			return strings.Replace(s, "COMMIT", "-A ufw-smtp-blacklist -s 192.0.2.1 -j DROP\nCOMMIT", 1)
		}, "as older scripts did"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := f.with([]byte(tt.edit(fixture(t, f))), testSpec())
			if _, ok := errors.AsType[*SyntaxError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want a SyntaxError with %q", err, tt.want)
			}
		})
	}
}

func swapLines(s, a, b string) string {
	return strings.NewReplacer(a, b, b, a).Replace(s)
}

// FuzzRoundTrip wants of any file: refused, or back byte for byte, with nothing
// added but the block.
func FuzzRoundTrip(f *testing.F) {
	for _, fam := range families {
		f.Add(fixture(f, fam), uint16(25), uint16(587), uint32(1<<20))
		f.Add(strings.Replace(fixture(f, fam), "COMMIT", fam.block(testSpec())+"COMMIT", 1), uint16(1), uint16(1), uint32(1))
	}
	f.Fuzz(func(t *testing.T, text string, a, b uint16, mark uint32) {
		s := Spec{Ports: []uint16{a, b}, Mark: Mark{Value: mark, Mask: mark}}.normal()
		for _, fam := range families {
			before, err := fam.without([]byte(text))
			if err != nil {
				continue
			}
			with, err := fam.with(before, s)
			if err != nil {
				continue
			}
			if strings.Replace(string(with), fam.block(s), "", 1) != string(before) {
				t.Fatalf("more than the block was added to %q: %q", before, with)
			}
			without, err := fam.without(with)
			if err != nil || string(without) != string(before) {
				t.Fatalf("%q came back as %q (%v)", before, without, err)
			}
		}
	})
}
