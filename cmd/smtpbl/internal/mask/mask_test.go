package mask

import "testing"

func TestUser(t *testing.T) {
	for name, want := range map[string]string{
		"alice": "a***", "alice@example.org": "a***@example.org", "Änne": "Ä***", "": "***", "@example.org": "***@example.org",
		"a": "a***", "\xff\xfe": "\xff***",
	} {
		if got := User(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
