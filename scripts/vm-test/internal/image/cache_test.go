package image

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func testCache(t *testing.T) *Cache {
	t.Helper()
	c, err := OpenCache(t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// put makes an entry that says whether it was built now.
func put(t *testing.T, c *Cache, name, key string) (dir string, built bool) {
	t.Helper()
	dir, err := c.entry(name, key, func(dir string) error {
		built = true
		return os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "file")); err != nil {
		t.Error(err)
	}
	return dir, built
}

func TestCacheKeepsWhatIsDescribedAndUsed(t *testing.T) {
	t.Setenv("VMTEST_CACHE", t.TempDir())
	const first, second, third = "0123456789abcdef", "123456789abcdef0", "23456789abcdef01"
	user := testCache(t)
	used, built := put(t, user, "system-trixie", first)
	if !built {
		t.Error("an empty cache has an entry")
	}
	if _, built = put(t, user, "system-trixie", first); built {
		t.Error("an entry is built twice")
	}
	other := testCache(t)
	neighbour, _ := put(t, other, "system-bookworm", first)
	put(t, other, "system-trixie", second)
	if _, err := os.Stat(used); err != nil {
		t.Error("an entry that another run uses is removed:", err)
	}
	user.Close()
	put(t, other, "system-trixie", third)
	if _, err := os.Stat(used); !errors.Is(err, os.ErrNotExist) {
		t.Error("an entry of an old description is kept:", err)
	}
	if _, err := os.Stat(neighbour); err != nil {
		t.Error("an entry of another name is removed:", err)
	}
}

func TestCacheForgetsWhatFailed(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("VMTEST_CACHE", dir)
	left := filepath.Join(dir, "new.killed")
	if err := os.Mkdir(left, 0o755); err != nil {
		t.Fatal(err)
	}
	c, broken := testCache(t), errors.New("broken")
	if _, err := c.entry("kernel-6.1", "0123456789abcdef", func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the builder", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "lock" {
		t.Errorf("after a failure the cache has %v (%v), want nothing but its lock", entries, err)
	}
	if _, built := put(t, c, "kernel-6.1", "0123456789abcdef"); !built {
		t.Error("what failed is not built again")
	}
}

func TestKeyIsOfTheDescription(t *testing.T) {
	keys := map[string]bool{}
	for range 2 {
		for _, words := range [][]string{{"trixie"}, {"bookworm"}, {"book", "worm"}} {
			k, err := key(systemFiles, words...)
			if err != nil {
				t.Fatal(err)
			}
			keys[k] = true
		}
	}
	if len(keys) != 3 {
		t.Errorf("three descriptions have %d keys", len(keys))
	}
}
