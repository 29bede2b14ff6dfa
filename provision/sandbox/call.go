package sandbox

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Endpoint is one of the calls a tenant takes. The zero value stands for any.
type Endpoint string

// The endpoints.
const (
	EndpointToken  Endpoint = "token"  // POST /oauth/token
	EndpointCreate Endpoint = "create" // POST /api/v1/users
	EndpointList   Endpoint = "list"   // GET /api/v1/users
	EndpointGet    Endpoint = "get"    // GET /api/v1/users/{id}
	EndpointFilter Endpoint = "filter" // POST /api/v1/users/actions/filter
	EndpointCount  Endpoint = "count"  // POST /api/v1/users/actions/count
)

const (
	usersPath  = "/api/v1/users"
	filterPath = usersPath + "/actions/filter"
	countPath  = usersPath + "/actions/count"
	tokenPath  = "/oauth/token"

	// maxBody is the largest body the users API takes.
	maxBody = 500_000
)

// call is one request, read.
type call struct {
	*http.Request
	endpoint Endpoint // "": no such endpoint
	allow    string   // the methods that the path has, where this is none of them
	id       string   // of EndpointGet
	body     []byte   // maxBody+1 bytes: it was longer
	bearer   string
	query    url.Values
}

// tier is the budget that a call of the users API is counted in.
func (c *call) tier() tier {
	switch c.endpoint {
	case EndpointCreate:
		return tier2
	case EndpointFilter:
		return tierFilter
	}
	return tier1
}

func newCall(r *http.Request) (*call, error) {
	c := &call{Request: r}
	path := r.URL.Path
	only := func(method string, e Endpoint) {
		if r.Method == method {
			c.endpoint = e
		} else {
			c.allow = method
		}
	}
	switch rest, inUsers := strings.CutPrefix(path, usersPath+"/"); {
	case path == tokenPath:
		only(http.MethodPost, EndpointToken)
	case path == usersPath:
		switch r.Method {
		case http.MethodGet:
			c.endpoint = EndpointList
		case http.MethodPost:
			c.endpoint = EndpointCreate
		default:
			c.allow = "GET, POST"
		}
	case path == filterPath:
		only(http.MethodPost, EndpointFilter)
	case path == countPath:
		only(http.MethodPost, EndpointCount)
	case inUsers && rest != "" && !strings.Contains(rest, "/"):
		only(http.MethodGet, EndpointGet)
		c.id = rest
	}
	if scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(scheme, "bearer") {
		c.bearer = strings.TrimSpace(token)
	}
	if r.URL.RawQuery != "" {
		c.query = r.URL.Query()
	}
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		if c.body, err = readBody(r); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func readBody(r *http.Request) ([]byte, error) {
	if n := r.ContentLength; n > 0 && n <= maxBody {
		body := make([]byte, n)
		read, err := io.ReadFull(r.Body, body)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return body[:read], err
	}
	return io.ReadAll(io.LimitReader(r.Body, maxBody+1))
}

// hasKind reports whether the body says that it is of a media type.
func (c *call) hasKind(kind string) bool {
	said := c.Header.Get("Content-Type")
	if said == kind {
		return true
	}
	media, _, err := mime.ParseMediaType(said)
	return err == nil && media == kind
}

// href is an absolute link on the tenant as the client knows it.
func (c *call) href(path string) string {
	scheme, host := c.URL.Scheme, c.Host
	if scheme == "" {
		scheme = "http"
		if c.TLS != nil {
			scheme = "https"
		}
	}
	if host == "" {
		host = c.URL.Host
	}
	return scheme + "://" + host + path
}
