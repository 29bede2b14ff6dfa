package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// Transport reaches the tenant in process, without a socket or a goroutine: RoundTrip answers a request whatever its
// host. It waits for timers and the request's context only, so it works in a testing/synctest bubble.
func (t *Tenant) Transport() http.RoundTripper { return transport{t} }

type transport struct{ tenant *Tenant }

func (tr transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	if err := wait(req.Context(), 0); err != nil {
		return nil, err
	}
	rep, err := tr.tenant.answer(req)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:     strconv.Itoa(rep.status) + " " + http.StatusText(rep.status),
		StatusCode: rep.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        rep.headers(),
		ContentLength: int64(len(rep.body)),
		Body:          io.NopCloser(bytes.NewReader(rep.body)),
		Request:       req,
	}, nil
}
