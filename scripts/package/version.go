package main

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// release is what is packed.
type release struct {
	version    string // as Debian and RPM both understand and sort it
	when       time.Time
	arch       string // as Go names it
	maintainer string
}

// thisRelease asks the environment, and where that says nothing, git.
func thisRelease(arch string) (*release, error) {
	version, err := versionHere()
	if err != nil {
		return nil, err
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		if epoch, err = git("log", "-1", "--format=%ct"); err != nil {
			return nil, err
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read the time of the release: %w", err)
	}
	return &release{
		version: version, when: time.Unix(seconds, 0).UTC(), arch: arch,
		maintainer: cmp.Or(os.Getenv("MAINTAINER"), defaultMaintainer),
	}, nil
}

// versionHere is $PACKAGE_VERSION or else what git says.
func versionHere() (string, error) {
	if given := os.Getenv("PACKAGE_VERSION"); given != "" {
		return valid(upstream(given))
	}
	// The length of the hash is fixed, because git's own choice depends on how
	// many commits a clone has.
	described, err := git("describe", "--tags", "--match=v[0-9]*", "--long", "--always", "--dirty", "--abbrev=12")
	if err != nil {
		return "", err
	}
	commits, err := git("rev-list", "--count", "HEAD")
	if err != nil {
		return "", err
	}
	return valid(versionOf(described, commits))
}

// longForm is what "git describe --long" says of a commit behind a tag.
var longForm = regexp.MustCompile(`^(.+)-([0-9]+)-(g[0-9a-f]+)$`)

// versionOf makes a version of what git describe says, so that later commits
// have higher ones: of the commit tagged v1.2.3 it is 1.2.3, of the fourth
// behind it 1.2.3+4.gHASH, and before there is a tag 0.0.0+COMMITS.gHASH.
func versionOf(described, commits string) string {
	described, dirty := strings.CutSuffix(described, "-dirty")
	version, extra := "0.0.0", []string{commits, "g" + described}
	if m := longForm.FindStringSubmatch(described); m != nil {
		version, extra = upstream(m[1]), m[2:]
		if m[2] == "0" {
			extra = nil
		}
	}
	if dirty {
		extra = append(extra, "dirty")
	}
	if len(extra) == 0 {
		return version
	}
	return version + "+" + strings.Join(extra, ".")
}

// upstream makes a version of a tag. What a hyphen begins comes before the
// release itself, which is what "~" means in versions of packages
// (deb-version(7)): v1.3.0-rc1 is 1.3.0~rc1.
func upstream(tag string) string {
	return strings.Replace(strings.TrimPrefix(tag, "v"), "-", "~", 1)
}

// allowed are the characters that both kinds of packages allow; a hyphen would
// begin a revision in both.
var allowed = regexp.MustCompile(`^[0-9][0-9A-Za-z.+~]*$`)

func valid(version string) (string, error) {
	if !allowed.MatchString(version) {
		return "", fmt.Errorf("%q is no version for a package: it begins with a digit and has only letters, digits and . + ~", version)
	}
	return version, nil
}

// git asks git about the tree, also if that belongs to another user, as under
// sudo.
func git(args ...string) (string, error) {
	out, err := output(nil, "git", append([]string{"-c", "safe.directory=*"}, args...)...)
	if err != nil {
		return "", fmt.Errorf("%w (without git, set PACKAGE_VERSION and SOURCE_DATE_EPOCH)", err)
	}
	return strings.TrimSpace(string(out)), nil
}
