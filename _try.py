import time, tempfile
from pathlib import Path
from tests.app_fixture import make_app
from revenue_machine.domains.routine import reads
from datetime import date
home=Path(tempfile.mkdtemp())
app,outside,clock=make_app(home)
outside.add_fault("anthropic","/","500",10000)
t=time.time()
app.durable.launch()
out=app.durable.run("routine.morning/2026-11-02","routine.block",{"name":"routine.morning","run_date":"2026-11-02","is_late":False})
print(out,time.time()-t)
with app.database.reading() as c:
    for r in reads.calls_of(c,date(2026,11,2)): print(r.step,r.label,r.status,r.attempts,r.reason)
app.close()
