// Package page writes a result file as a web page that loads nothing: totals, a chart of the run, the causes of what is
// not done, and every row, searchable.
package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"qlik-provision/provision/text"
	"qlik-provision/report"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// Write writes the page of a result file in UTF-8. It fails where w does.
func Write(w io.Writer, r *report.Results) error { return write(w, r, time.Now()) }

func write(w io.Writer, r *report.Results, now time.Time) error {
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
	if err != nil {
		return fmt.Errorf("writing the page of %s: %w", r.Path, err)
	}
	return nil
}

// newTemplate parses what stands before and after the rows. Style and script come in as values: as part of the template
// they would be parsed, and differ from what was hashed.
func newTemplate() *template.Template {
	t := template.New("page").Funcs(template.FuncMap{
		"mark":    func() template.HTML { return pageMark },
		"policy":  policy,
		"style":   func() template.CSS { return template.CSS(pageCSS) },
		"script":  func() template.JS { return template.JS(pageJS) },
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
