package report

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestAPageIsSavedWhole(t *testing.T) {
	results := sampleFile(t, runSamples())
	page := filepath.Join(t.TempDir(), "page.html")
	for range 2 { // the second time in the place of the first
		if err := SavePage(page, results); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasSuffix(read(t, page), "</html>\n") {
		t.Error("the page has no end")
	}
	if info, err := os.Stat(page); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("the page's mode is %v (%v), want 0600", info.Mode(), err)
	}
	if names := folder(t, page); !slices.Equal(names, []string{"page.html"}) {
		t.Errorf("beside the page stand %v", names)
	}
}

func TestAPageTakesNoOtherFilesPlace(t *testing.T) {
	results := sampleFile(t, runSamples())
	folderThere := t.TempDir()
	other := filepath.Join(folderThere, "other.html")
	write(t, other, "<!doctype html>\n<title>mine</title>\n")
	for _, there := range []string{other, folderThere, results} {
		e := is[*NotPageError](t, SavePage(there, results))
		if want := there + " is there already, and is no page that was made of a result file"; e.Error() != want {
			t.Errorf("%v\nwant %s", e, want)
		}
	}
	if got := read(t, other); !strings.Contains(got, "mine") {
		t.Errorf("the file holds %q now", got)
	}
	if names := folder(t, other); !slices.Equal(names, []string{"other.html"}) {
		t.Errorf("beside the file stand %v", names)
	}
}

func TestWhatIsNoResultFileLeavesNoPage(t *testing.T) {
	csv := filepath.Join(t.TempDir(), "hr.csv")
	write(t, csv, "ID,Name\n1,Anna\n")
	is[*NotResultsError](t, SavePage(csv+".html", csv))
	nowhere := filepath.Join(csv+".d", "page.html")
	if err := SavePage(nowhere, csv); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "finding the folder of "+nowhere+": ") {
		t.Errorf("%v", err)
	}
	if names := folder(t, csv); !slices.Equal(names, []string{"hr.csv"}) {
		t.Errorf("beside the file stand %v", names)
	}
}
