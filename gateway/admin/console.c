/* The console: one page, no resource from elsewhere, numbers fetched from /status. */
#include "admin_private.h"

const char skr_admin_console[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Skerry</title>"
    "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 "
    "1rem}"
    "h1{margin-bottom:0}#state{font-weight:600}table{border-collapse:collapse;width:100%;margin-top:1rem}"
    "td{padding:.3rem 0;border-bottom:1px solid #8884}td+td{text-align:right;font-variant-numeric:tabular-nums}</style>"
    "<h1>Skerry</h1><p id=state>…</p><table id=numbers></table><p><a href=/metrics>metrics</a> · <a href=/status>status</a></p>"
    "<script>const u=n=>{for(const s of['B','KiB','MiB','GiB','TiB','PiB']){if(n<1024)return n.toFixed(s=='B'?0:1)+' "
    "'+s;n/=1024}};"
    "let last;async function go(){try{const s=await(await fetch('/status')).json();state.textContent=s.state+' — version "
    "'+s.version;"
    "const r=last?(s.requests-last.requests)/2:0;last=s;const rows=[['Uptime',s.uptime_seconds+' "
    "s'],['Connections',s.connections],"
    "['Requests a second',r.toFixed(1)],['Requests',s.requests],['Received',u(s.received_bytes)],['Sent',u(s.sent_bytes)],"
    "['Free space',u(s.free_bytes)+' of '+u(s.total_bytes)],['Metadata',u(s.meta_used_bytes)],['Changes',s.changes],"
    "['Commits',s.commits],['Waiting changes',s.queue_length],['Checksum failures',s.checksum_failures],"
    "['Resident memory',u(s.resident_bytes)]];numbers.replaceChildren(...rows.map(([a,b])=>{const "
    "t=document.createElement('tr');"
    "for(const x of[a,b]){const d=document.createElement('td');d.textContent=x;t.append(d)}return "
    "t}))}catch(e){state.textContent='not reachable'}"
    "setTimeout(go,2000)}go()</script></html>";
