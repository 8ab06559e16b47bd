package exempt

import "testing"

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"hosts":{"office.example.org":["192.0.2.1"]},"mynetworks":["10.0.0.0/8"]}`))
	f.Add([]byte(`{"mynetworks":["0.0.0.0/0"]}`))
	f.Add([]byte(`{"hosts":{"x":[""]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decode(data)
		if err != nil {
			return
		}
		for host, addrs := range m.Hosts {
			for _, a := range addrs {
				if !a.IsValid() || a.IsUnspecified() {
					t.Errorf("%s is %v", host, a)
				}
			}
		}
		for _, p := range m.Networks {
			if !p.IsValid() || tooWide(p) {
				t.Errorf("net %v", p)
			}
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	for _, text := range []string{"", "[]", `{"mynetworks":["0.0.0.0/0"]}`, `{"mynetworks":["10.0.0.1/8"]}`, `{"hosts":{"x":[""]}}`, `{"hosts":{"x":["0.0.0.0"]}}`} {
		if m, err := decode([]byte(text)); err == nil {
			t.Errorf("%s is taken for %+v", text, m)
		}
	}
}
