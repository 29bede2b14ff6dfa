package page

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"qlik-provision/report"
)

func TestSaveReplacesOwnPage(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "page.html")
	save := func(path string, rows int) {
		t.Helper()
		if err := Save(path, results(runSamples()[:rows])); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); strings.Count(got, "\n<tr id=row-") != rows || !strings.HasSuffix(got, "</html>\n") {
			t.Errorf("the page does not have %d rows and an end", rows)
		}
	}
	save(path, 1000)
	save(path, 10)
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("the page's mode is %v (%v), want 0600", info.Mode(), err)
	}
	if got := names(t, folder); !slices.Equal(got, []string{"page.html"}) {
		t.Errorf("the folder has %v, want the page alone", got)
	}
}

func TestSaveReplacesNothingElse(t *testing.T) {
	folder := t.TempDir()
	other := filepath.Join(folder, "other.html")
	if err := os.WriteFile(other, []byte("<!doctype html>\n<title>mine</title>\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{other, folder} {
		err := Save(path, results(runSamples()[:10]))
		if !errors.Is(err, ErrNotPage) || err.Error() != path+" already exists, and is not the page of a result file" {
			t.Errorf("%s: %v", path, err)
		}
	}
	if got := read(t, other); !strings.Contains(got, "mine") {
		t.Errorf("the file is %q now", got)
	}
	if got := names(t, folder); !slices.Equal(got, []string{"other.html"}) {
		t.Errorf("the folder has %v", got)
	}
	missing := filepath.Join(folder, "missing", "page.html")
	if e, ok := errors.AsType[*report.FolderError](Save(missing, results(nil))); !ok || e.Path != missing {
		t.Errorf("no error names the missing folder of %s", missing)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
