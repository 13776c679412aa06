# `make lab` or `make test` is all one needs: .venv is made on first use, and again when a file it is made from changes.
# Another Python: make lab PYTHON=/path/to/python3.12
PYTHONS := $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python)
RUN := .venv/bin/python
READY := .venv/.ready

# One thread for linear algebra: the figures are small, and the tests' numbers then depend on no thread count.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

# What a change of one notebook can break, but for JupyterLab: its rules, every control of its figures, its exercises, its page.
CHECKS := $(addprefix tests/,test_notebooks.py test_figures.py test_prose.py test_solutions.py test_exercises.py browser/test_pages.py)

.PHONY: help lab test test-all check processors floors notebooks cell-ids site serve-site student solutions proof bench clean

help:  ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

lab: $(READY)  ## open the lectures in JupyterLab
	$(RUN) -m jupyter lab

test: $(READY)  ## check everything: the code, every notebook, JupyterLab in a browser, the pages and the site
	$(RUN) -m ruff check
	$(RUN) -m mypy
	$(RUN) -m pytest -n auto --nbval tests notebooks

test-all: $(READY)  ## the same, with all that is slow: every seed of the noise, and training in the browser's own Python
	$(RUN) -m ruff check
	$(RUN) -m pytest -n auto --nbval --all tests notebooks

check: $(READY)  ## check one notebook after a change: make check NOTEBOOK=notebooks/03-attractors.ipynb
	@test -f "$(NOTEBOOK)" || { echo "Which notebook? make check NOTEBOOK=notebooks/03-attractors.ipynb" >&2; exit 2; }
	$(RUN) -m ruff check $(NOTEBOOK)
	$(RUN) -m pytest -n auto --nbval --notebooks $(NOTEBOOK) $(CHECKS) $(NOTEBOOK)

processors: $(READY)  ## check the notebooks and the numerics on simulated processors
	$(RUN) tools/processors.py

floors:  ## run the tests with the oldest versions that pyproject.toml allows, in build/floors
	python3.11 -m venv --clear build/floors
	build/floors/bin/python -m pip install --quiet --disable-pip-version-check -c requirements-floors.txt -e .[test,site]
	build/floors/bin/python -m pytest -n auto --nbval --ignore tests/browser tests notebooks

notebooks: $(READY)  ## run every notebook and store its outputs; of one: make notebooks NOTEBOOK=notebooks/03-attractors.ipynb
	$(RUN) tools/run_notebooks.py $(NOTEBOOK)

cell-ids: $(READY)  ## give new cells their ids, tags and slide types; `make notebooks` does this too
	$(RUN) tools/run_notebooks.py --only-names $(NOTEBOOK)

site: $(READY)  ## build the static site in dist/site: the lectures and Python in a browser, nothing to install
	$(RUN) tools/build_site.py dist/site

serve-site: $(READY)  ## serve dist/site on http://127.0.0.1:8000
	@test -f dist/site/index.html || $(MAKE) site
	$(RUN) -m http.server 8000 --bind 127.0.0.1 --directory dist/site

student: $(READY)  ## write copies for students in dist/student, without the answers
	$(RUN) tools/make_student.py

solutions: $(READY)  ## write the solved notebooks in dist/solutions, run, and all answers in one page
	$(RUN) tools/make_solutions.py

proof: $(READY)  ## add PyTorch, which the tests of the gradients then compare with
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-proof.txt

bench: $(READY)  ## measure the live figures and the numerics against other ways
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	$(RUN) benchmarks/run.py

clean:  ## remove .venv and all caches
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} + -o -name .ipynb_checkpoints -prune -exec rm -rf {} +

# The stamp comes last, and what could not be finished is removed: a .venv that is there is whole.
$(READY): requirements.txt pyproject.toml jupyter_lab_config.py
	@for python in $(PYTHONS); do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; \
	done; \
	again="make $(MAKECMDGOALS) PYTHON=/path/to/python3"; \
	if [ -z "$$python" ]; then \
	    echo "lecturelib needs Python 3.11 or newer and finds none among" $(PYTHONS)". Get it: apt-get install python3 python3-venv, or https://www.python.org/downloads. Or say where it is: $$again" >&2; exit 1; \
	elif ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$python has no venv module to make .venv with. Get it: apt-get install python3-venv. Or name another Python: $$again" >&2; exit 1; \
	fi; \
	echo "Installing into .venv with $$("$$python" -V): once, a minute or two."; \
	trap 'rm -rf .venv; exit 130' INT TERM; \
	"$$python" -m venv --clear .venv && \
	    $(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt && touch $@ || { \
	    rm -rf .venv; echo "Installing into .venv failed; pip's reason is above. With the network up, run the same command again." >&2; exit 1; }
