package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// plant makes files below a fresh root.
func plant(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o750))
		must(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return root
}

func TestFind(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing", nil, nil},
		{"Debian", map[string]string{"/var/log/mail.log": "", "/var/log/mail.warn": "", "/var/log/mail.info": ""}, []string{"/var/log/mail.log"}},
		{"warnings only", map[string]string{"/var/log/mail.warn": ""}, []string{"/var/log/mail.warn"}},
		{"Red Hat", map[string]string{"/var/log/maillog": ""}, []string{"/var/log/maillog"}},
		{"SUSE", map[string]string{"/var/log/mail": "", "/var/log/mail.warn": ""}, []string{"/var/log/mail"}},
		{"Exim", map[string]string{"/var/log/exim4/mainlog": ""}, []string{"/var/log/exim4/mainlog"}},
		{"Postfix's own", map[string]string{
			"/etc/postfix/main.cf": "# maillog_file = /no\nmaillog_file=/var/log/postfix.log \n",
			"/var/log/postfix.log": "", "/var/log/mail.log": "",
		}, []string{"/var/log/mail.log", "/var/log/postfix.log"}},
		{"Postfix's own at the usual place", map[string]string{
			"/etc/postfix/main.cf": "maillog_file = /var/log/maillog\n", "/var/log/maillog": "",
		}, []string{"/var/log/maillog"}},
		{"container", map[string]string{"/etc/postfix/main.cf": "maillog_file = /dev/stdout\n", "/dev/stdout": ""}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := plant(t, test.files)
			got := Find(root)
			var found []string
			for _, path := range got.Found {
				found = append(found, strings.TrimPrefix(path, root))
				if !slices.Contains(got.Looked, path) {
					t.Errorf("%s was found but not looked at", path)
				}
			}
			if diff := cmp.Diff(test.want, found); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if !slices.Contains(got.Looked, filepath.Join(root, "/var/log/mail.log")) {
				t.Errorf("looked at %v", got.Looked)
			}
		})
	}
}

func TestExpand(t *testing.T) {
	root := plant(t, map[string]string{"a/mail.log": "", "a/mail.log.1": "", "a/mail.log.2.gz": "", "b/mail.log": "", "b/other": ""})
	in := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(root, name))
		}
		return paths
	}
	found, open, err := Expand(in("*/mail.log*", "b/*", "c/*.log", "d/plain"))
	must(t, err)
	if diff := cmp.Diff(in("a/mail.log", "b/mail.log", "b/other", "d/plain"), found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(in("*/mail.log*", "b/*", "c/*.log"), open); diff != "" {
		t.Errorf("open (-want +got):\n%s", diff)
	}
	if _, _, err := Expand([]string{"[bad"}); !errors.Is(err, filepath.ErrBadPattern) {
		t.Errorf("malformed pattern: %v", err)
	}
}

func TestAwait(t *testing.T) {
	root := t.TempDir()
	pattern, plain := filepath.Join(root, "log", "*.log"), filepath.Join(root, "mail")
	got := make(chan []string)
	go func() {
		found, err := Await(t.Context(), nil, nil, pattern, plain)
		if err != nil {
			t.Error(err)
		}
		got <- found
	}()
	must(t, os.Mkdir(filepath.Join(root, "log"), 0o750))
	write(t, filepath.Join(root, "log", "mail.log"), "")
	if diff := cmp.Diff([]string{filepath.Join(root, "log", "mail.log")}, <-got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestAwaitEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Await(ctx, nil, nil, filepath.Join(t.TempDir(), "none")); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if _, err := Await(ctx, nil, nil); err == nil {
		t.Fatal("waiting for nothing would never end")
	}
}

// Under patterns for directories and files, logs that appear later are found,
// each once, and what becomes of those that are known is not.
func TestAwaitMore(t *testing.T) {
	root := plant(t, map[string]string{"a/log/1.log": "", "b/other": ""})
	pattern := filepath.Join(root, "*", "log", "*.log*")
	found, open, err := Expand([]string{pattern})
	must(t, err)
	for _, step := range []struct {
		do   func(dir string)
		want string
	}{
		{func(dir string) { write(t, filepath.Join(dir, "a", "log", "2.log"), "") }, "a/log/2.log"},
		{func(dir string) {
			must(t, os.Rename(filepath.Join(dir, "a", "log", "2.log"), filepath.Join(dir, "a", "log", "2.log.1")))
			must(t, os.Mkdir(filepath.Join(dir, "b", "log"), 0o750))
			write(t, filepath.Join(dir, "b", "log", "1.log"), "")
		}, "b/log/1.log"},
		{func(dir string) {
			must(t, os.MkdirAll(filepath.Join(dir, "c", "log"), 0o750))
			write(t, filepath.Join(dir, "c", "log", "1.log"), "")
		}, "c/log/1.log"},
	} {
		got := make(chan []string)
		go func() {
			more, err := Await(t.Context(), nil, found, open...)
			if err != nil {
				t.Error(err)
			}
			got <- more
		}()
		step.do(root)
		more := <-got
		if diff := cmp.Diff([]string{filepath.Join(root, step.want)}, more); diff != "" {
			t.Fatalf("found (-want +got):\n%s", diff)
		}
		found = append(found, more...)
	}
}

func TestOrigins(t *testing.T) {
	for _, base := range []string{"mail.log", "maillog", "a.b.log", "mail-1.log", "mail.1"} {
		for _, mark := range []string{".1", "-20260102", "-20260102-1767312000", ".log", "-x", "x1"} {
			ext := filepath.Ext(base)
			for _, stem := range []string{base + mark, strings.TrimSuffix(base, ext) + mark + ext} {
				if got, want := slices.Contains(origins(stem), base), isRotation(stem, base); got != want {
					t.Errorf("origins of %s have %s: %v, want %v", stem, base, got, want)
				}
			}
		}
	}
}
