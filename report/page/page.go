// Package page writes a result file as a web page that loads nothing: totals, a chart of the run, the causes of what is
// not done, and every row, searchable.
package page

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// Save writes the page of a result file to path: to a file beside it that nobody else can read, which then replaces a
// page of ours. For anything else at path it fails with ErrNotPage, for a missing folder with a *report.FolderError.
func Save(path string, r *report.ResultFile) error {
	if err := checkReplaceable(path); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".qlik-provision-*.tmp") // mode 0600
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &report.FolderError{Path: path, Err: err}
	case err != nil:
		return fmt.Errorf("writing %s: %w", path, err)
	}
	err = errors.Join(write(draft, r, time.Now()), draft.Sync(), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(draft.Name())))
	}
	return nil
}

// ErrNotPage says that there is a file at the page's path that is no page of ours.
var ErrNotPage = errors.New("already exists, and is not the page of a result file")

// pageMark stands near the top of every page of ours, and allows the next one to replace it.
const pageMark = `<meta name="generator" content="qlik-provision">`

// checkReplaceable is nil where there is nothing at path, or a page of ours.
func checkReplaceable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s %w", path, ErrNotPage)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() // only read
	top, err := io.ReadAll(io.LimitReader(file, 512))
	if err == nil && !bytes.Contains(top, []byte(pageMark)) {
		err = fmt.Errorf("%s %w", path, ErrNotPage)
	}
	return err
}

// write writes the page of a result file in UTF-8. It fails where w does.
func write(w io.Writer, r *report.ResultFile, now time.Time) error {
	v := newView(r, now)
	t := newTemplate()
	out := bufio.NewWriterSize(w, 64<<10)
	err := t.ExecuteTemplate(out, "top", v)
	if err == nil {
		writeRows(out, v)
		err = t.ExecuteTemplate(out, "bottom", v)
	}
	if err == nil {
		err = out.Flush()
	}
	return err
}

// newTemplate parses what stands before and after the rows. Style and script come in as values: as part of the template
// they would be parsed, and differ from what was hashed.
func newTemplate() *template.Template {
	t := template.New("page").Funcs(template.FuncMap{
		"mark":    func() template.HTML { return pageMark },
		"policy":  policy,
		"style":   func() template.CSS { return template.CSS(pageCSS) },
		"script":  func() template.JS { return template.JS(pageJS) },
		"class":   class,
		"shown":   shown,
		"clip":    text.Clip,
		"grouped": text.Grouped,
		"plural":  text.Plural,
		"clock":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
		"span":    func(d time.Duration) string { return d.Round(time.Second).String() },
	})
	return template.Must(t.Parse(pageHTML))
}

// policy is the page's Content-Security-Policy: nothing is loaded, and no other script or style than ours is allowed.
func policy() string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS) +
		"; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
}

// writeRows writes all rows once, for two readers. A browser without scripts shows the table. With scripts the contents
// of a noscript element are one text that is not parsed; the page's script takes the rows from its lines, and shows
// those that are asked for. So a line has this form, in which cells hold text and character references alone:
//
//	<tr id=row-2 class=open data-cause=1><td>2<td>failed<td>00418<td>Anna<small>anna@acme.example</small><td>…
//
// class says that the row is not done. Small print below an outcome is the code that gives it another mark. An error
// of w stays with it, as bufio.Writer has it.
func writeRows(w *bufio.Writer, v *view) {
	if v.Rows == 0 {
		return
	}
	fmt.Fprintf(w, "<noscript id=\"all\">\n<table class=\"rows\">\n"+
		"<thead><tr><th>Row<th>Outcome<th>%s<th>Name<th>Message</thead>\n<tbody>\n", cell(v.SubjectHead))
	notDone := report.NotDone(v.File.Rows)
	for i := range v.File.Rows {
		r := &v.File.Rows[i]
		attributes, lockedMark := "", ""
		if notDone[i] {
			attributes = " class=open"
		}
		if n := v.causeOf[i]; n > 0 {
			attributes += fmt.Sprintf(" data-cause=%d", n)
		}
		if class(&r.Entry) == locked {
			lockedMark = provision.CodeDisabled
		}
		fmt.Fprintf(w, "<tr id=row-%d%s><td>%d<td>%s%s<td>%s<td>%s%s<td>%s%s\n", r.Number, attributes, r.Number,
			cell(string(r.Entry.Outcome)), small(lockedMark), cell(r.Person.Subject), cell(r.Person.Name),
			small(r.Person.Email), cell(string(r.Entry.Message)), small(facts(&r.Entry)))
	}
	w.WriteString("</table>\n</noscript>\n")
}

// facts are what the tenant's administrator or Qlik's support may ask for.
func facts(e *report.Entry) string {
	var facts []string
	add := func(prefix, value string) {
		if value != "" {
			facts = append(facts, prefix+text.Clip(value, maxShown/4))
		}
	}
	add("", string(e.Code))
	if e.HTTPStatus != 0 && e.HTTPStatus != http.StatusOK && !e.Outcome.Done() {
		add("HTTP ", fmt.Sprint(int(e.HTTPStatus)))
	}
	add("trace ", string(e.TraceID))
	add("user ", string(e.UserID))
	return strings.Join(facts, " · ")
}

// small is a text in small print below a cell.
func small(s string) string {
	if s == "" {
		return ""
	}
	return "<small>" + cell(s) + "</small>"
}

// maxShown is how many bytes of a cell the page shows.
const maxShown = 1000

// cell is a text of the file as the page's source has it, clipped.
func cell(s string) string { return html.EscapeString(shown(text.Clip(s, maxShown))) }

// shown is a text of the file as the page shows it, on one line. Characters that are invisible or change the direction
// of writing stand there by their number, so that a name is what it looks like.
func shown(s string) string {
	var b strings.Builder
	for _, r := range s { // U+FFFD for what is not UTF-8
		switch {
		case r == '\t', r == '\n', r == '\r':
			b.WriteByte(' ')
		case text.IsControl(r), text.IsBidi(r):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
