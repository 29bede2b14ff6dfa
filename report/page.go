package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"qlik-provision/provision"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// WritePage writes a result file, and the journal beside it, as one web page in UTF-8 that loads nothing. A run may be on; then
// the page says so. It holds some bytes a row, and whole at most mostListed rows that are not done. It fails as Summarize does, and
// where w does. Calls may run at once.
func WritePage(w io.Writer, path string) error {
	return writePage(w, path, time.Now())
}

func writePage(w io.Writer, path string, now time.Time) error {
	file, err := look(path)
	if err != nil {
		return err
	}
	g, err := gather(file.sheet)
	if err = both(err, file.close()); err != nil {
		return err
	}
	if err := pageTemplate().Execute(w, viewOf(file, g, now)); err != nil {
		return fmt.Errorf("writing the page of %s: %w", path, err)
	}
	return nil
}

// pageTemplate knows the page's whole text but for the results. Style and script come in as values: written into the template
// they would be parsed, and come out otherwise than they were hashed.
func pageTemplate() *template.Template {
	t := template.New("page").Funcs(template.FuncMap{
		"mark":    func() template.HTML { return pageMark },
		"policy":  policy,
		"style":   func() template.CSS { return template.CSS(pageCSS) },
		"script":  func() template.JS { return template.JS(pageJS) },
		"shown":   shown,
		"grouped": grouped,
		"clock":   clock,
		"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	})
	return template.Must(t.Parse(pageHTML))
}

// policy is the page's Content-Security-Policy: nothing is loaded, and of scripts and styles only ours count.
func policy() string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS) +
		"; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
}

// A view is what the page shows.
type view struct {
	File, Tenant  string
	Sandbox, Plan bool   // nothing on the page is real; nothing has been tried yet
	Lede          string // what is not done, in a sentence
	Now           time.Time
	Running       bool
	Holder        string
	Unmerged      bool
	Summary

	Shares []share
	Bar    []bar
	Charts []chart // the same one, wide and narrow
	Pace   string  // what the chart shows, in words
	Shaded bool    // it has waits
	Cut    bool    // it has rests

	Groups  []group
	Listed  []listedRow
	States  []share // the outcomes of Listed
	LeftOut int     // rows that are not done and not listed
}

// blockSize is how many rows a block of the table has.
const blockSize = 100

// Blocks returns the listed rows in blocks. The browser lays out a block at a time, when it comes into sight.
func (v view) Blocks() [][]listedRow { return slices.Collect(slices.Chunk(v.Listed, blockSize)) }

// A share is how many of the rows have an outcome.
type share struct {
	State   provision.State
	Count   int
	Percent string
	Meaning string
}

// A group is a cause with what can be linked to of it.
type group struct {
	Cause
	First []link
	More  int // rows besides
}

// A link is a row's number; Listed where the page has that row.
type link struct {
	Row    int
	Listed bool
}

func viewOf(file *looked, g *gathered, now time.Time) view {
	v := view{
		File: filepath.Base(file.name), Tenant: g.Tenant, Sandbox: g.Tenant == "sandbox", Now: now,
		Running: file.running, Holder: file.holder, Unmerged: file.unmerged, Summary: g.Summary,
		Plan:   g.Counts[provision.Pending] > 0 && g.First.IsZero() && g.Done == 0,
		Listed: g.listed, LeftOut: g.NotDone - len(g.listed),
	}
	for _, state := range shareOrder() {
		v.Shares = append(v.Shares, share{state, g.Counts[state], percent(g.Counts[state], g.Rows), meaning(state, &g.Summary)})
	}
	v.Bar = bars(v.Shares, g.Rows)
	if line := timelineOf(g.settled); line != nil {
		v.Charts = []chart{line.draw("wide", 880, 270), line.draw("narrow", 340, 250)}
		v.Pace, v.Shaded, v.Cut = line.words(), len(line.waits) > 0, len(line.rests) > 0
	}
	v.group(g.Causes)
	v.Lede = v.lede()
	return v
}

// lede says how the rows that are not done divide, as far as there are such rows and the heading does not say it.
func (v *view) lede() string {
	open := maps.Clone(v.Counts)
	open[provision.Duplicate] -= v.Done - v.Counts[provision.Created] - v.Counts[provision.Exists]
	var parts []string
	for _, state := range []provision.State{provision.Failed, provision.Invalid, provision.Duplicate, provision.Pending} {
		if open[state] > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", grouped(open[state]), state))
		}
	}
	if parts == nil || v.Plan && len(parts) == 1 {
		return ""
	}
	return fmt.Sprintf("%s not: %s.", plural(v.NotDone, "is", "are"), strings.Join(parts, ", "))
}

// group links the causes with the rows that the page has.
func (v *view) group(causes []Cause) {
	listed := map[int]bool{}
	counts := map[provision.State]int{}
	for _, r := range v.Listed {
		listed[r.Row] = true
		counts[r.Outcome]++
	}
	for _, c := range causes {
		g := group{Cause: c, More: c.Count - len(c.Rows)}
		for _, n := range c.Rows {
			g.First = append(g.First, link{n, listed[n]})
		}
		v.Groups = append(v.Groups, g)
	}
	for _, state := range shareOrder() {
		if counts[state] > 0 {
			v.States = append(v.States, share{State: state, Count: counts[state]})
		}
	}
}

// shareOrder is the order in which the page has the outcomes: from what is done to what is wrong.
func shareOrder() []provision.State {
	return []provision.State{provision.Created, provision.Exists, provision.Duplicate, provision.Pending, provision.Invalid, provision.Failed}
}

// meaning says an outcome to somebody who has not read the documentation.
func meaning(state provision.State, s *Summary) string {
	switch state {
	case provision.Created:
		return "the user was created"
	case provision.Exists:
		return "was on the tenant already" + existing(s)
	case provision.Duplicate:
		return "the same person as in an earlier row"
	case provision.Pending:
		return "not tried yet, or not settled"
	case provision.Invalid:
		return "the row cannot be sent as it stands"
	}
	return "the tenant refused it, or did not answer" // failed
}

// existing says what is worth knowing of the users who were there already, "" where nothing is.
func existing(s *Summary) string {
	var parts []string
	if s.Differing > 0 {
		parts = append(parts, grouped(s.Differing)+" with other data there")
	}
	if s.Disabled > 0 {
		parts = append(parts, grouped(s.Disabled)+" disabled")
	}
	if parts == nil {
		return ""
	}
	return "; " + strings.Join(parts, ", ")
}
