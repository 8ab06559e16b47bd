package scenario

import "testing"

// TestChecks expects names that tell one check from another, and what is vital
// before all else.
func TestChecks(t *testing.T) {
	seen, others := map[string]bool{}, false
	for _, c := range checks {
		if seen[c.name] || c.name == "" || c.about == "" || Known(c.name) != nil {
			t.Errorf("the check %q (%s) has no name of its own", c.name, c.about)
		}
		seen[c.name] = true
		if c.when == vital && others {
			t.Errorf("%s is vital, and comes after what is not", c.name)
		}
		others = others || c.when != vital
	}
}

func TestWanted(t *testing.T) {
	v, q, f := check{name: "v", when: vital}, check{name: "q", when: quick}, check{name: "f"}
	for _, tt := range []struct {
		o       Options
		v, q, f bool
	}{
		{Options{}, true, true, true},
		{Options{Quick: true}, true, true, false},
		{Options{Only: []string{"f"}}, true, false, true},
		{Options{Quick: true, Only: []string{"f"}}, true, false, true},
	} {
		s := &scenario{o: tt.o}
		if s.wanted(v) != tt.v || s.wanted(q) != tt.q || s.wanted(f) != tt.f {
			t.Errorf("%+v: vital %v, quick %v, full %v", tt.o, s.wanted(v), s.wanted(q), s.wanted(f))
		}
	}
}
