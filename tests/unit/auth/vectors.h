/* Written by vectors.py. Do not edit. */
#define VECTOR_ACCOUNT "skerrytest"
#define VECTOR_KEY_0 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
#define VECTOR_KEY_1 "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc="
static const struct vector vectors[] = {
    {"list containers", "GET", "/skerrytest?comp=list",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:Md8/PahqLTIwhN0m48qserCbbNk8YLEVjKKZvtnPJ8I=\012",
     "", "", false, false, false, SKR_AUTH_SHARED_KEY},
    {"list containers, slash", "GET", "/skerrytest/?comp=list",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:MgAfqQz3WzrcNhenvAI1JuuA7HuF+VCDvJut9HTLygg=\012",
     "", "", false, false, false, SKR_AUTH_SHARED_KEY},
    {"host style", "GET", "/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:Tt4chMX/kpi7tQvC7cPqVoQAElOw08mPRzHx9fNF1vI=\012",
     "c", "b", false, false, true, SKR_AUTH_SHARED_KEY},
    {"second key", "GET", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:SFuIchgnKM9QQuFuWe75bckNgEZa6CAsnhyQRpLMvpU=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"secondary", "GET", "/skerrytest-secondary/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:XbtF+KoPylpMnhvzyp+zbQIvOfRtBOCVFNGL/q3srvI=\012",
     "c", "b", true, false, false, SKR_AUTH_SHARED_KEY},
    {"container", "PUT", "/skerrytest/c?restype=container",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Content-Length: 0\012Authorization: SharedKey "
     "skerrytest:jdw3vVYmp5gWQ0Vab7buGfqCMGoH496+/FmQekYxK3s=\012",
     "c", "", false, false, false, SKR_AUTH_SHARED_KEY},
    {"length 0 of old", "PUT", "/skerrytest/c?restype=container",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2014-02-14\012Content-Length: 0\012Authorization: SharedKey "
     "skerrytest:/6xGGtG9LFNIJgdVbEhUWEWcUK/NWrXxF8WsawcH/h0=\012",
     "c", "", false, false, false, SKR_AUTH_SHARED_KEY},
    {"no version", "PUT", "/skerrytest/c?restype=container",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012Content-Length: 0\012Authorization: SharedKey "
     "skerrytest:4lth74Z6e6+RRMVmrOFE17jKQq4RrHxJffptGzvEgOY=\012",
     "c", "", false, false, false, SKR_AUTH_SHARED_KEY},
    {"put blob", "PUT", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Content-Length: 11\012Content-MD5: "
     "sQqNsWTgdUEFt6mb5y4/5Q==\012Content-Type: text/plain; charset=UTF-8\012Content-Encoding: gzip\012Content-Language: "
     "de\012x-ms-blob-type: BlockBlob\012X-Ms-Meta-Colour: red\012If-None-Match: *\012Authorization: SharedKey "
     "skerrytest:CtKiiRLR2Az4HEM9tygDOlIXvsroMz/dp+TCcnpZpFI=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"all conditions", "GET", "/skerrytest/c/b?timeout=20",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012If-Modified-Since: Mon, 15 Jun 2026 12:00:00 "
     "GMT\012If-Match: \"0x1\"\012If-None-Match: \"0x2\"\012If-Unmodified-Since: Mon, 15 Jun 2026 12:00:00 GMT\012Range: "
     "bytes=0-9\012x-ms-range: bytes=0-9\012Authorization: SharedKey "
     "skerrytest:Vgt8kUA1nRwruneUfLXcLr5Kxme2F7SfZz9k3TBvLfo=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"date alone", "GET", "/skerrytest/c/b",
     "Date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:brScKuX0PbM8ogdLn3MNbhWvt5I1qAPOJhV8H2HQq+A=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"both dates", "GET", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Date: Sun, 14 Jun 2026 12:00:00 "
     "GMT\012Authorization: SharedKey skerrytest:1XeWpgxFstZQiaqYSJVQ23HTF+6ibuLk3WCBQmsMpVQ=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"escaped path", "GET", "/skerrytest/c/a%2Fb%20c/%C3%A4+%25",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:7oB9WVXY7ioMCJAyfirTIYbdPB9EyCfTizaUS7zXBw4=\012",
     "c", "a/b c/\303\244+%", false, false, false, SKR_AUTH_SHARED_KEY},
    {"odd path", "GET", "/skerrytest/c/..//./x",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:g+eXnsuacu6jZcWsjUdCiNO3hdMLvYvVq1dG3kElAP0=\012",
     "c", "..//./x", false, false, false, SKR_AUTH_SHARED_KEY},
    {"query", "GET",
     "/skerrytest/"
     "c?restype=container&comp=list&prefix=a%2F%20b%2Bc%26d%3De&Include=snapshots&include=metadata&delimiter=%2F&empty=&bare&"
     "marker=%C3%A4",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKey "
     "skerrytest:hLoX8LruKALBRZAL6nLXiktdrG12QQTgRcXp16zLwFg=\012",
     "c", "", false, false, false, SKR_AUTH_SHARED_KEY},
    {"block", "PUT", "/skerrytest/c/b?comp=block&blockid=AA%2B%2FAA%3D%3D",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Content-Length: 1\012Authorization: SharedKey "
     "skerrytest:0EDGzVOprvq5MW5MmkAHDMo9t2XeZBYaVar/yK11jrc=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"repeated header", "GET", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012x-ms-meta-a: 2\012X-MS-meta-A: 1\012x-ms-meta-a: "
     "3\012Authorization: SharedKey skerrytest:YxSURuvZ0XbXXgIrB6kXun4OXDv+GA5QOS0L6y06D74=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"order of bytes", "PUT", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012x-ms-meta-i0: 1\012x-ms-meta-i_: "
     "2\012x-ms-meta-test-a: 3\012x-ms-meta-test_z: 4\012x-ms-meta-testa: 5\012Authorization: SharedKey "
     "skerrytest:j4fdRhaykIZ/+m6Hm41pPGuHxxVYmcWd+KPfU39r3gU=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"order of words", "PUT", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012x-ms-meta-i0: 1\012x-ms-meta-i_: "
     "2\012x-ms-meta-test-a: 3\012x-ms-meta-test_z: 4\012x-ms-meta-testa: 5\012Authorization: SharedKey "
     "skerrytest:tlOpqEWCi25s5SAVfgYanjI1WTfYXtuuabZWOAtBZPs=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"order of words, dashes", "PUT", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012x-ms-meta-test: v\012x-ms-meta-test-: "
     "v\012x-ms-meta-test--: v\012x-ms-meta-test_-: v\012x-ms-meta-test-_: v\012x-ms-meta-test__: v\012x-ms-meta-test_a: "
     "v\012x-ms-meta-test_a-: v\012x-ms-meta-test-_a: v\012x-ms-meta-test_a_: v\012x-ms-meta-test_a-_: v\012x-ms-meta-test_z: "
     "v\012x-ms-meta-test-a: v\012Authorization: SharedKey skerrytest:GCirT27wTiOZrEca49BfAQd0n1YK33ZHrpAfJ1crIoU=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"white space as sent", "PUT", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012x-ms-meta-a: two  spaces\011and a "
     "tab\012x-ms-meta-b: one space\012Authorization: SharedKey skerrytest:Tk0NzDFljLEX/gk+85mAycKkVEqCLMmqTo7F8ICuc94=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"white space as one", "PUT", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012x-ms-meta-a: two  spaces\011and a "
     "tab\012x-ms-meta-b: one space\012Authorization: SharedKey skerrytest:cds4UXwyLpz+sxpZHK/hKMvgbC2+unXLRTrR30G3uR8=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"white space as one, words", "PUT", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012x-ms-meta-a: two  spaces\011and a "
     "tab\012x-ms-meta-b: one space\012x-ms-meta-i0: 1\012x-ms-meta-i_: 2\012Authorization: SharedKey "
     "skerrytest:j6UPSEpH7IOzgSPwTGwOLO2Xzp9woYl4oQrsKxdBIK8=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"lite", "GET", "/skerrytest/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKeyLite "
     "skerrytest:jQhDSKxSrd61Slh6HWu3UnqNreTBFQ/Z4rF7R7bIpds=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"lite comp", "PUT", "/skerrytest/c/b?comp=metadata",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Content-Type: text/plain\012Content-MD5: "
     "AAAA\012x-ms-meta-a: b\012Authorization: SharedKeyLite skerrytest:PI6N//Wh7IcoXqOPcK31S8e6rDFusPtjr91QodVvDrs=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"lite date", "PUT", "/skerrytest/c/b",
     "Date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKeyLite "
     "skerrytest:Jf3E0QpcyusGqXJp/wbpGuWMzDxTZkEzkjDDINpL+E4=\012",
     "c", "b", false, false, false, SKR_AUTH_SHARED_KEY},
    {"lite secondary", "GET", "/skerrytest-secondary/c/b",
     "x-ms-date: Mon, 15 Jun 2026 12:00:00 GMT\012x-ms-version: 2021-12-02\012Authorization: SharedKeyLite "
     "skerrytest:R39+mrTKCW2NnEB4QqyEFJpwaw9YTQ4r0SAV7DU0XE8=\012",
     "c", "b", true, false, false, SKR_AUTH_SHARED_KEY},
    {"account 2015-04-05", "GET",
     "/skerrytest/c/"
     "b?sv=2015-04-05&ss=b&srt=sco&sp=rwdlac&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "6tc3o7ytkaeP4EFDeVWHf7B%2BI70MPu1fqChQbv5zVbI%3D",
     "", "c", "b", false, false, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2015-04-05, all", "GET",
     "/skerrytest/"
     "c?restype=container&comp=list&sv=2015-04-05&ss=btqf&srt=sco&sp=rwdxylacuptfi&st=2026-06-15T00%3A00%3A00Z&se=2026-06-"
     "16T00%3A00%3A00Z&sip=10.0.0.1-10.0.0.9&spr=https&sig=CI1JSM0zKla4xKK8fvHIshg84dvyllEJFCUWz1Orqlk%3D",
     "", "c", "", false, true, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2018-11-09", "GET",
     "/skerrytest/c/"
     "b?sv=2018-11-09&ss=b&srt=sco&sp=rwdlac&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "Yc77dzVIZBX6ChldK9holm%2FrjtCnx1WUgBwmVkAI6GM%3D",
     "", "c", "b", false, false, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2018-11-09, all", "GET",
     "/skerrytest/"
     "c?restype=container&comp=list&sv=2018-11-09&ss=btqf&srt=sco&sp=rwdxylacuptfi&st=2026-06-15T00%3A00%3A00Z&se=2026-06-"
     "16T00%3A00%3A00Z&sip=10.0.0.1-10.0.0.9&spr=https&sig=BxyyCF26eK8MGzUiNG8HQk%2BaDurm7MvpXCvz%2Ffz8Q2o%3D",
     "", "c", "", false, true, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2020-10-02", "GET",
     "/skerrytest/c/"
     "b?sv=2020-10-02&ss=b&srt=sco&sp=rwdlac&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=NYN2o%2Fd93%"
     "2FutSSkD2lUfjklTKpTYwhSm1Tbl29q8%2FXQ%3D",
     "", "c", "b", false, false, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2020-10-02, all", "GET",
     "/skerrytest/"
     "c?restype=container&comp=list&sv=2020-10-02&ss=btqf&srt=sco&sp=rwdxylacuptfi&st=2026-06-15T00%3A00%3A00Z&se=2026-06-"
     "16T00%3A00%3A00Z&sip=10.0.0.1-10.0.0.9&spr=https&sig=u%2FHfNYD%2BsiUznQ6tR9fs6FymZDZrPzpiqOdTZG2RCWA%3D",
     "", "c", "", false, true, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2020-12-06", "GET",
     "/skerrytest/c/"
     "b?sv=2020-12-06&ss=b&srt=sco&sp=rwdlac&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "McRZKcZU6Za1tFtlo3qNG2YZGwzHlKJfqiGDzdESpv8%3D",
     "", "c", "b", false, false, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2020-12-06, all", "GET",
     "/skerrytest/"
     "c?restype=container&comp=list&sv=2020-12-06&ss=btqf&srt=sco&sp=rwdxylacuptfi&st=2026-06-15T00%3A00%3A00Z&se=2026-06-"
     "16T00%3A00%3A00Z&sip=10.0.0.1-10.0.0.9&spr=https&ses=scope&sig=2z5mUq0AB7zxtiFklwFIFBICBFs5VFdD%2Brw%2BAnlH4jA%3D",
     "", "c", "", false, true, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2026-02-06", "GET",
     "/skerrytest/c/"
     "b?sv=2026-02-06&ss=b&srt=sco&sp=rwdlac&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=mM8F07GTvQ%2B%"
     "2BYFsxiiG8KCdWMdvWJAH3jp7piOFrwl4%3D",
     "", "c", "b", false, false, false, SKR_AUTH_ACCOUNT_SAS},
    {"account 2026-02-06, all", "GET",
     "/skerrytest/"
     "c?restype=container&comp=list&sv=2026-02-06&ss=btqf&srt=sco&sp=rwdxylacuptfi&st=2026-06-15T00%3A00%3A00Z&se=2026-06-"
     "16T00%3A00%3A00Z&sip=10.0.0.1-10.0.0.9&spr=https&ses=scope&sig=fsa6FGmlcWDNlQ%2BWUkOpoZ%2FqcV4DGZlNoSVCjLCND6Y%3D",
     "", "c", "", false, true, false, SKR_AUTH_ACCOUNT_SAS},
    {"account, second key", "GET",
     "/skerrytest?comp=list&sv=2021-12-02&ss=b&srt=sco&sp=rwdlac&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "JEmSKkNHuVnxg3X5Cob4gVNVlo%2Ble3oed6YQMJT7ewg%3D",
     "", "", "", false, false, false, SKR_AUTH_ACCOUNT_SAS},
    {"account, secondary", "GET",
     "/skerrytest-secondary/c/"
     "b?sv=2021-12-02&ss=b&srt=sco&sp=rwdlac&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=hRoCUTO7T%"
     "2BFySEZKkyHZpIR0%2FwM5Wi9Gf%2F6gCW7LZDU%3D",
     "", "c", "b", true, false, false, SKR_AUTH_ACCOUNT_SAS},
    {"account, no start", "GET",
     "/skerrytest/c/"
     "b?sv=2021-12-02&ss=b&srt=sco&sp=rwdlac&se=2026-06-16&sig=9mvblUPySf3aY1fZ8p8%2BIZ%2B2fQej0GGpgui6vnSvl4A%3D",
     "", "c", "b", false, false, false, SKR_AUTH_ACCOUNT_SAS},
    {"service 2012-02-12 c", "GET",
     "/skerrytest/c/"
     "b?sv=2012-02-12&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=x7U7MDWjmpxpuDoHV3MkG9cX9jz5ai5cI%"
     "2F9ypTy34Nw%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2012-02-12 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2012-02-12&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=x7U7MDWjmpxpuDoHV3MkG9cX9jz5ai5cI%"
     "2F9ypTy34Nw%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2012-02-12 b", "GET",
     "/skerrytest/c/"
     "b?sv=2012-02-12&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "QJVgePlTLuqwEu7KDJuziMztX4kEzy6BMlGopxaMv1Q%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2012-02-12 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2012-02-12&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "33qBfk6pNPwygLOKPlWevjqYMQm866OAxz7zhEKl5II%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2013-08-15 c", "GET",
     "/skerrytest/c/"
     "b?sv=2013-08-15&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "pKPZ2f69ptQHqCrmZrKFIIK7bnbnwxoMAAWFudLUNDc%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2013-08-15 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2013-08-15&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&rscc=no-cache&rscd=attachment%3B%"
     "20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig=xx%"
     "2F4rtKJJbyBTVCMmu3AtOhG9I6ZsPM2gPy7feQtsnE%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2013-08-15 b", "GET",
     "/skerrytest/c/"
     "b?sv=2013-08-15&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=N62ygItkJsfvsALVHsqMFP3%"
     "2BIWvLKwJdl5b%2BDcKhtgM%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2013-08-15 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2013-08-15&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&rscc=no-cache&rscd=attachment%3B%"
     "20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "KW5XQA1oI4fUwpeIr4qGvESYiTqkpvj6zRCRvhwO17M%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2014-02-14 c", "GET",
     "/skerrytest/c/"
     "b?sv=2014-02-14&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "wxXJXOcLRbEOR3rifdMRHyCjet2rLWAZItNDU0ktZp4%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2014-02-14 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2014-02-14&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&rscc=no-cache&rscd=attachment%3B%"
     "20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig=XIs8%2ByHD4q2ElZmL%"
     "2BA1NedqkSQWOKa9boE59oAXIR6w%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2014-02-14 b", "GET",
     "/skerrytest/c/"
     "b?sv=2014-02-14&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=igo09qC9eVUbeWAWvGAe6GIPVNVLCm%"
     "2BLAYKsP28hf2U%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2014-02-14 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2014-02-14&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&rscc=no-cache&rscd=attachment%3B%"
     "20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig=8A6CPnQbajMPMSL%2FGEF5QljU7gi%"
     "2Bwy%2BeHs8Hbam2Woo%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2015-02-21 c", "GET",
     "/skerrytest/c/"
     "b?sv=2015-02-21&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "XQGKUvayZUgdT0TTfhSMc2dQyZQ1CluX7NhW8G5Aa%2FA%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2015-02-21 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2015-02-21&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&rscc=no-cache&rscd=attachment%3B%"
     "20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig=VI9UkbcMx0vkwF%"
     "2FANbNsaBNigKC3bTv7ae0roWsp7r4%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2015-02-21 b", "GET",
     "/skerrytest/c/"
     "b?sv=2015-02-21&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "tpEBDrzdx5xPzC3zcugMQvDEgKqgkfcRwJ3TGVhwids%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2015-02-21 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2015-02-21&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&rscc=no-cache&rscd=attachment%3B%"
     "20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "5UZWbBQLTKaoVz0D67IlSFSKdHECRtqHte7WZUwFxU0%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2015-04-05 c", "GET",
     "/skerrytest/c/"
     "b?sv=2015-04-05&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=KMchlR2lWZF1yDXr2N2O9Cey9q4%2F4R%"
     "2FgH6CLAR9uiKE%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2015-04-05 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2015-04-05&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&rscc=no-"
     "cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "0QBmhueC309to7YLW5e1V8TVgk701OtBo%2B2rl3XoAPM%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2015-04-05 b", "GET",
     "/skerrytest/c/"
     "b?sv=2015-04-05&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "3iWhvBzaz9Iu9BcbdYaqGGSJvyM142CMG6lBIAN9tMQ%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2015-04-05 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2015-04-05&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&rscc=no-"
     "cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "OGqfAW9nK4X%2BY0Wzx4%2BFb1Iex7EvscmIvqz6Jzk21e4%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2018-03-28 c", "GET",
     "/skerrytest/c/"
     "b?sv=2018-03-28&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=rSOHR%"
     "2BuvPADhfBDvIcDSTGtzi5aTe8D3yS3WxawewIE%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2018-03-28 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2018-03-28&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&rscc=no-"
     "cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig=J0p%"
     "2BXvBVsXocd0euzWFff4wvVdSDWGmkVpNOF2tle1k%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2018-03-28 b", "GET",
     "/skerrytest/c/"
     "b?sv=2018-03-28&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=kYDx6dYi6ywYl5XSFX0jUtUvOwOf19Y5%"
     "2F04aor1b8V0%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2018-03-28 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2018-03-28&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&rscc=no-"
     "cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "OyEGiyZL%2FDZJwfB8JljzO4wAFjPZ%2Fxy%2BdEjlP9y%2FvJs%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2018-11-09 c", "GET",
     "/skerrytest/c/"
     "b?sv=2018-11-09&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "vqFBwBgWTyCy7tomAYgzA6jaYFYk3D8TFmK2RxYm0Jc%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2018-11-09 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2018-11-09&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&rscc=no-"
     "cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "GpkJul%2FvZcRoiPYNYL9XNA8Om5Gdpla8B2Yz8VI4iSQ%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2018-11-09 b", "GET",
     "/skerrytest/c/"
     "b?sv=2018-11-09&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=YiWSGPIjIzuskTulC5SsNIkULQ%"
     "2FtrYGIwP7BsNn0iSA%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2018-11-09 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2018-11-09&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&rscc=no-"
     "cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "wQxSW48fB3Ab59qj9mDr1uftDUUmP239tr9jj0kP0Yg%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2020-10-02 c", "GET",
     "/skerrytest/c/"
     "b?sv=2020-10-02&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=9aYFa%2FI90d57UrBRGrThwwQ66Gjm%"
     "2Bj5yVZ8tCY9OBgI%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2020-10-02 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2020-10-02&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&rscc=no-"
     "cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "CGtKEUsWCyDl4gTKSKf%2BV%2FUUhruPVx%2B18s6mLtQyEms%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2020-10-02 b", "GET",
     "/skerrytest/c/"
     "b?sv=2020-10-02&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "49DPb8GRJSkv2MgkX4aSpUJiqCANgKpOBdTwQYnzdY0%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2020-10-02 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2020-10-02&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&rscc=no-"
     "cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%3DUTF-8&sig="
     "1nhqN5DD%2BdKxZpISZN7JCTH5C3GVqtSZKyhqDPjumtE%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2020-12-06 c", "GET",
     "/skerrytest/c/"
     "b?sv=2020-12-06&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=vEr3ELQz%2BiSmHyUYXDNp%"
     "2FRKTPY8HjTrRFexBhkab7WQ%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2020-12-06 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2020-12-06&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&ses="
     "scope&rscc=no-cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%"
     "3DUTF-8&sig=%2Bp80QnqTU5gWY9vxyCxohRTPpmNERR%2FyNgGxpHD66VY%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2020-12-06 b", "GET",
     "/skerrytest/c/"
     "b?sv=2020-12-06&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "3bCaCAPLuSsfzoazq50WsWlsdJjCw4rSYvN8mnMO%2BS8%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2020-12-06 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2020-12-06&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&ses="
     "scope&rscc=no-cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%"
     "3DUTF-8&sig=mKBynbIlFjSzfGKIc2aGnC%2BVpxdF%2Fyi2xbeTLGMuqm8%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2026-02-06 c", "GET",
     "/skerrytest/c/"
     "b?sv=2026-02-06&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=FJemHhThRC32YhzQa6zax3sk6%"
     "2FlbgDIExTGD7SLijGQ%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2026-02-06 c, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2026-02-06&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&ses="
     "scope&rscc=no-cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%"
     "3DUTF-8&sig=fDnfc6QauZdtLZxxNrMUd%2BlQQAQFLv0i9ixhM2iH%2BFo%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2026-02-06 b", "GET",
     "/skerrytest/c/"
     "b?sv=2026-02-06&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "SIAAv4c9gWWdZEEt8Wdh7eSnA1t3Wt0cJ9YM02HEg0Q%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service 2026-02-06 b, all", "GET",
     "/skerrytest/c/d/"
     "e?sv=2026-02-06&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sip=10.0.0.5&spr=https%2Chttp&ses="
     "scope&rscc=no-cache&rscd=attachment%3B%20filename%3D%22a%20b.txt%22&rsce=gzip&rscl=de&rsct=text%2Fplain%3B%20charset%"
     "3DUTF-8&sig=GNNuTSCKeCJf0Q6YVemPcwqhJkToWNEqV%2FsneAP7o%2Fo%3D",
     "", "c", "d/e", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service, names", "GET",
     "/skerrytest/%24root/a%2Fb%20c/"
     "%C3%A4+%25?sv=2021-12-02&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "wPL3vl3LPCGoofrl7b3Ua6TteFe3SkrPKw504YGPGrw%3D",
     "", "$root", "a/b c/\303\244+%", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service, list", "GET",
     "/skerrytest/"
     "c?restype=container&comp=list&sv=2021-12-02&sr=c&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig="
     "eXnPJGnxwZ%2BAXZbwz6MF8RvjiZo0ytPYZdDNIYqCch4%3D",
     "", "c", "", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service, policy", "GET", "/skerrytest/c/b?sv=2021-12-02&sr=c&si=all&sig=8nJvdqwUQlk6CGZ5sQOOims7LNm4kke%2BTO1AzvbQ0Xw%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service, policy of times", "GET",
     "/skerrytest/c/b?sv=2021-12-02&sr=b&sp=rl&si=times&sig=u8dHk%2FSNjaIziNiiN%2FZZMODvuD%2BwxQRZtSzZusgsHGw%3D", "", "c", "b",
     false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service, second key", "GET",
     "/skerrytest/c/"
     "b?sv=2021-12-02&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=GAmKtz6v4h%"
     "2FuE1Q152cvQmjOmqsLmmHGMkdMXSEnov8%3D",
     "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS},
    {"service, secondary", "GET",
     "/skerrytest-secondary/c/"
     "b?sv=2021-12-02&sr=b&sp=rl&st=2026-06-15T00%3A00%3A00Z&se=2026-06-16T00%3A00%3A00Z&sig=sURZ%2FtTVsWmbSkivdRks3bzi9FulodY%"
     "2BZYTAJRJE4go%3D",
     "", "c", "b", true, false, false, SKR_AUTH_SERVICE_SAS},
};
