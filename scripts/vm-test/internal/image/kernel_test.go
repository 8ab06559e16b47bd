package image

import (
	"slices"
	"testing"
)

func TestCompareVersions(t *testing.T) {
	want := []string{
		"linux-image-5.10.0-46-cloud-amd64",
		"linux-image-6.1.0-9-cloud-amd64",
		"linux-image-6.1.0-57-cloud-amd64",
		"linux-image-6.12.9+deb13-cloud-amd64",
		"linux-image-6.12.117+deb13-cloud-amd64",
		"linux-image-7.2.13+deb14-cloud-amd64",
	}
	got := slices.Clone(want)
	slices.Sort(got)
	slices.SortFunc(got, compareVersions)
	if !slices.Equal(got, want) {
		t.Errorf("sorted %q", got)
	}
}

func TestKernelSeries(t *testing.T) {
	t.Setenv("VMTEST_CACHE", t.TempDir())
	c := testCache(t)
	for _, series := range []string{"", "6", "6.1.0", "../6.1", "latest"} {
		if _, err := c.Kernel(t.Context(), series); err == nil {
			t.Errorf("%q is taken for a series", series)
		}
		if _, err := c.System(t.Context(), series); err == nil {
			t.Errorf("%q is taken for a suite", series)
		}
	}
}
