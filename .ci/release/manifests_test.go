package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var archives = []string{
	"darwin_amd64.tar.gz", "darwin_arm64.tar.gz", "linux_amd64.tar.gz", "linux_arm64.tar.gz",
	"windows_amd64.zip", "windows_arm64.zip",
}

// checksums writes a SHA256SUMS file with a sum of its own for each archive, and returns its path.
func checksums(t *testing.T, archives []string) string {
	t.Helper()
	var b strings.Builder
	for i, a := range archives {
		fmt.Fprintf(&b, "%064x  qlik-provision_1.2.3_%s\n", i+1, a)
	}
	file := filepath.Join(t.TempDir(), checksumsFile)
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

var example = release{Version: "1.2.3", Repository: "https://github.com/acme/qlik-provision"}

func TestManifestsNameEveryArchiveWithItsChecksum(t *testing.T) {
	out := t.TempDir()
	if err := writeManifests(out, example, checksums(t, archives)); err != nil {
		t.Fatal(err)
	}
	for file, from := range map[string][]string{
		"homebrew/qlik-provision.rb":                   archives[:4],
		"scoop/qlik-provision.json":                    archives[4:],
		"winget/acme.qlik-provision.installer.yaml":    archives[4:],
		"winget/acme.qlik-provision.locale.en-US.yaml": nil,
		"winget/acme.qlik-provision.yaml":              nil,
	} {
		data, err := os.ReadFile(filepath.Join(out, file))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		for i, a := range archives {
			const base = "https://github.com/acme/qlik-provision/releases/download/v1.2.3/qlik-provision_1.2.3_"
			want := false
			for _, f := range from {
				want = want || f == a
			}
			address, sum := strings.Index(text, base+a), strings.Index(text, fmt.Sprintf("%064x", i+1))
			if (address >= 0) != want || (sum >= 0) != want {
				t.Errorf("%s: address of %s at %d, its checksum at %d", file, a, address, sum)
			}
			if want && (sum < address || sum > address+200) {
				t.Errorf("%s: the checksum of %s does not stand beside its address", file, a)
			}
		}
		if strings.Contains(text, "[[.") || !strings.Contains(text, "1.2.3") {
			t.Errorf("%s is not filled in:\n%s", file, text)
		}
		checkSyntax(t, file, data)
	}
}

func checkSyntax(t *testing.T, file string, data []byte) {
	t.Helper()
	var parsed map[string]any
	var err error
	switch filepath.Ext(file) {
	case ".json":
		err = json.Unmarshal(data, &parsed)
	case ".yaml":
		err = yaml.Unmarshal(data, &parsed)
	}
	if err != nil {
		t.Errorf("%s: %v", file, err)
	}
}

func TestManifestsRefuseWhatTheyCannotBeMadeFrom(t *testing.T) {
	for name, c := range map[string]struct {
		release  release
		archives []string
	}{
		"no version":        {release{"a264ee8", example.Repository, nil}, archives},
		"version with a v":  {release{"v1.2.3", example.Repository, nil}, archives},
		"no repository":     {release{"1.2.3", "", nil}, archives},
		"other version":     {release{"1.2.4", example.Repository, nil}, archives},
		"an archive is not": {example, archives[:5]},
	} {
		if err := writeManifests(t.TempDir(), c.release, checksums(t, c.archives)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
