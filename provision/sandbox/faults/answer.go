package faults

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// answer is the answer to a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func newAnswer(status int, body string) answer {
	return answer{status, http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, []byte(body)}
}

// ask lets the tenant answer a request. An error means that the client is gone.
func (i *Injector) ask(q *request) (answer, error) {
	r := q.Clone(q.Context())
	r.Body = io.NopCloser(bytes.NewReader(q.body))
	resp, err := i.Tenant.Transport().RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err
}

// distort returns what a fault makes of an answer.
func (i *Injector) distort(f Fault, a answer) answer {
	ok := a.status
	if ok == http.StatusNoContent {
		ok = http.StatusOK
	}
	switch f.Kind {
	case Status:
		a = errorAnswer(cmp.Or(f.Status, http.StatusInternalServerError), f.Code, f.Title)
		if f.NoBody || f.Body != "" {
			a.body = []byte(f.Body)
		}
	case Garbage:
		a = newAnswer(ok, "<!DOCTYPE html><title>Just a moment…</title><h1>Please wait</h1>")
	case LoginPage:
		a = newAnswer(http.StatusOK, `<!DOCTYPE html><title>Log in</title><input type="password">`)
	case WrongAnswer:
		i.mu.Lock()
		a = newAnswer(http.StatusCreated, string(i.lastCreate))
		i.mu.Unlock()
	case OKInstead:
		if a.status == http.StatusCreated {
			a.status = http.StatusOK
		}
	case Cut:
		a.status = ok
		if len(a.body) == 0 {
			a.body = []byte(`{"data":[`)
		}
	}
	for name, value := range map[string]string{"Retry-After": f.RetryAfter, "Location": f.Location} {
		if value != "" {
			a.header.Set(name, value)
		}
	}
	return a
}

// errorAnswer returns an error in Qlik's form.
func errorAnswer(status int, code, title string) answer {
	code, title = cmp.Or(code, fmt.Sprintf("HTTP-%d", status)), cmp.Or(title, http.StatusText(status))
	return newAnswer(status, fmt.Sprintf(`{"errors":[{"code":%s,"title":%s,"status":%d}],"traceId":"%032x"}`,
		quote(code), quote(title), status, rand.Uint64()|1))
}

func quote(s string) string {
	quoted, _ := json.Marshal(s) // a string can always be marshaled
	return string(quoted)
}

// deliver sends an answer as a fault of a kind has it. It panics with http.ErrAbortHandler where the connection is to
// break.
func (a answer) deliver(w http.ResponseWriter, r *http.Request, kind Kind) {
	switch kind {
	case Reset:
		panic(http.ErrAbortHandler)
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if kind == Cut {
		w.Write(a.body[:len(a.body)/2])
		http.NewResponseController(w).Flush() // in process there is nothing to flush
		panic(http.ErrAbortHandler)
	}
	w.Write(a.body) // an error means that the client is gone
}
