package page

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/report"
)

// hostile are names that try to become markup, script or something else than they are.
func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `</script><script>alert(2)</script>`, `</style><img src=x onerror=alert(3)>`,
		`"><svg onload=alert(4)>`, `=cmd|' /C calc'!A0`, `' onmouseover='alert(5)`, `{{.File}}`, `javascript:alert(6)`,
		`<!--`, `&lt;b&gt;`, `]]>`, "\\u003cscript\\u003e", `</noscript><script>alert(7)</script>`, `<td>x<td>y`,
		`<small>z</small>`, `&#39;&amp;&#34;`, "new\nline", "\n<tr id=row-7><td>7<td>created<td>x<td>y<td>z\n",
		"\u202egpj.exe", "a\u2066b\u2069c", "a\u2028line", "tab\there", `{{`, "<b>bold</b>", "\u200fעברית",
		"a\x00b", "a\xffb",
	}
}

func hostileSamples() []sample {
	var samples []sample
	for i, name := range hostile() {
		s := sample{
			subject: name, name: name, email: name, outcome: provision.Failed, message: name, code: name, trace: name,
			user: name, at: sampleStart(),
		}
		if i%5 == 4 {
			s.outcome = provision.Exists
		}
		samples = append(samples, s)
	}
	return samples
}

// TestTextOfFileStaysText has hostile names in every cell, with scripts and without.
func TestTextOfFileStaysText(t *testing.T) {
	r := results(hostileSamples())
	r.Running, r.Holder, r.Warnings = true, hostile()[1], hostile()
	r.Action.Subject, r.Rows[0].Entry.Tenant = hostile()[1], hostile()[2]
	b := browser(t)
	address := served(t, pageOf(t, r))
	for _, steps := range [][]step{nil, {withoutScripts()}} {
		tab := newTab(t, b, append(steps, chromedp.Navigate(address))...)
		cells := eval[[][]string](t, tab, `[...document.querySelectorAll(".rows tbody tr")]
			.map(tr => [2, 3, 4].map(i => tr.cells[i].firstChild.data.trim()))`)
		if len(cells) != len(hostile()) {
			t.Fatalf("the table has %d rows, want %d", len(cells), len(hostile()))
		}
		for i, name := range hostile() {
			want := strings.TrimSpace(shown(name))
			if got := cells[i]; !slices.Equal(got, []string{want, want, want}) {
				t.Errorf("row %d: the page shows %q, want %q", i+1, got, want)
			}
		}
		if n := eval[int](t, tab, `document.scripts.length`); n != 1 {
			t.Errorf("the page has %d scripts", n)
		}
		const added = `document.querySelectorAll("img, b, [onload], [onerror], [onmouseover], [style]").length`
		if n := eval[int](t, tab, added); n != 0 {
			t.Errorf("the names added %d elements", n)
		}
		tab.wantQuiet(t, address)
	}
}

func TestNoScriptOrStyleIsAllowedButOurs(t *testing.T) {
	page := string(pageOf(t, results(runSamples())))
	for _, add := range []string{"<script>document.title = 'run'</script>", "<style>body { margin: 99px }</style>"} {
		address := served(t, []byte(strings.Replace(page, "</main>", add+"</main>", 1)))
		tab := newTab(t, browser(t), chromedp.Navigate(address))
		got := eval[string](t, tab, `document.title + getComputedStyle(document.body).margin`)
		if strings.HasPrefix(got, "run") || strings.HasSuffix(got, "99px") {
			t.Errorf("%s takes effect", add)
		}
		if got := eval[string](t, tab, `(() => {
			try { document.body.innerHTML = "x"; return "set" } catch (e) { return e.name }
		})()`); got != "TypeError" {
			t.Errorf("a text becomes markup: %s", got)
		}
	}
}

func FuzzPageOfAnyFile(f *testing.F) {
	block := strings.Join(report.Columns(), ",")
	const action = "create --subject Name --status active"
	f.Add([]byte("Name," + block + "\nAnna," + action + ",created,,,u1,Anna,201,,1,2026-03-02T09:14:57Z,acme,,1\n" +
		"Ben," + action + ",failed,USERS-4,no,,Ben,400,t1,1,2026-03-02T09:15:57Z,acme,,2\n"))
	f.Add([]byte("Name," + block + "\n<script>," + action +
		",failed,<script>,</noscript>,<b>,<b>,,<img>,,9999-12-31T23:59:59Z,</style>,,1\n" +
		"x," + action + ",pending,,,,,,,,0001-01-01T00:00:01Z,,,2\n"))
	f.Add([]byte("no result file"))
	tag := regexp.MustCompile(`(?i)<(/?script|/?style|/?noscript|/?svg class="defs"|img|iframe)`)
	f.Fuzz(func(t *testing.T, file []byte) {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := report.Read(path, csvfile.Options{})
		if err != nil {
			return
		}
		page := string(pageOf(t, r))
		want := []string{"<style", "</style", `<svg class="defs"`, "<noscript", "</noscript", "<script", "</script"}
		if tags := tag.FindAllString(page, -1); !slices.Equal(tags, want) {
			t.Fatalf("the page has the elements %q", tags)
		}
		if n := strings.Count(page, "\n<tr id=row-"); n != len(r.Rows) {
			t.Fatalf("the page has %d rows, want %d", n, len(r.Rows))
		}
	})
}

func TestWriteFailsWhereWriterDoes(t *testing.T) {
	for _, after := range []int{0, 5000, 100_000} {
		err := write(&limitedWriter{after}, results(runSamples()), sampleStart())
		if !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", after, err)
		}
	}
	var b bytes.Buffer
	err := write(&b, results(nil), sampleStart())
	if err != nil || !strings.Contains(b.String(), "There are no rows in this file") {
		t.Errorf("the page of no rows: %v", err)
	}
}

var errFull = errors.New("full")

// A limitedWriter takes so many bytes.
type limitedWriter struct{ left int }

func (w *limitedWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}
