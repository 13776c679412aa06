"""JupyterHub for a class on one machine; docs/classroom.md says how to start it.

Who may log in: the machine's accounts in the group `class`; those in `teachers` also see all servers at /hub/admin.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  JupyterHub provides it
c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # before it stands a web server that has your certificate
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"class", "teachers"}
c.PAMAuthenticator.admin_groups = {"teachers"}

c.Spawner.cmd = [str(Path(sys.executable).with_name("jupyterhub-singleuser"))]
c.Spawner.default_url = "/lab/tree/lectures/00-start-here.ipynb"
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # when a whole class logs in, a server waits for its turn
c.Spawner.environment = {
    "JUPYTER_CONFIG_PATH": str(HERE / "student"),
    "LIVE_DRAW_AHEAD": "0",  # frames that one student may never look at would make the others wait
    # Sixty students with a thread for each core would wait for each other.
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
